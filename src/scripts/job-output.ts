import type { Config } from '../config/schema.ts'
import { tierOf } from '../config/tier-of.ts'
import { UserError } from '../domain/user-error.ts'

/** sbatch's pattern for the job's log: `slurm.output`, or one log for each job below the shared directory. */
export function outputPattern(config: Config, tierName: string): string {
  return tierOf(config, tierName).slurm.output ?? `${config.shared}/logs/%x-%j.log`
}

/**
 * The directory of the log, which must be there before the job starts.
 * @throws UserError where the directory depends on the job: nobody could make it in time
 */
export function outputDirectory(config: Config, tierName: string): string {
  const pattern = outputPattern(config, tierName)
  const directory = pattern.slice(0, pattern.lastIndexOf('/')) || '/'
  if (directory.includes('%')) {
    throw new UserError(
      `Cannot make the output directory of ${tierName}: "${directory}" depends on the job; let % stand in the file name of slurm.output only`,
    )
  }
  return directory
}
