import type { Config } from '../config/schema.ts'
import { tierOf } from '../config/tier-of.ts'

/**
 * sbatch's pattern for the job's log: `slurm.output`, or none, and the script writes one of its own on the node's disk. On a
 * shared directory that is away when Slurm starts the job, the start fails for good; on one that hangs when the job ends, the
 * node stays taken. And where Slurm opens a name that others know before, such as one in /tmp, they can make it first: a link
 * to a file of ours, which is then appended to, or a file of theirs, with which the job does not start.
 */
export function outputPattern(config: Config, tierName: string): string {
  return tierOf(config, tierName).slurm.output ?? '/dev/null'
}

/** Where `sluice logs` finds it: beside the other logs. A script that fails copies its output there. */
export function keptDirectory(config: Config, tierName: string): string {
  return keepsOutput(config, tierName) ? `${config.shared}/logs` : outputDirectory(config, tierName)
}

/** Whether the script copies its output: without `slurm.output` it lies where people would not look. */
export function keepsOutput(config: Config, tierName: string): boolean {
  return tierOf(config, tierName).slurm.output === undefined
}

/** The directory of the log, which must be there before the job starts. */
export function outputDirectory(config: Config, tierName: string): string {
  const pattern = outputPattern(config, tierName)
  return pattern.slice(0, pattern.lastIndexOf('/')) || '/'
}

/**
 * The pattern of the names of a tier's logs: the first group is the job's number. Without a group the jobs share a log, or the
 * names do not contain the number.
 */
export function outputName(config: Config, tierName: string): RegExp {
  const pattern = tierOf(config, tierName).slurm.output ?? SCRIPTS_OWN
  const jobName = tierOf(config, tierName).slurm.jobName ?? tierName
  let hasNumber = false
  const source = pattern
    .slice(pattern.lastIndexOf('/') + 1)
    .replaceAll(/%%|%\d*([a-zA-Z])|[^%]+|%/g, (found, letter: string | undefined) => {
      if (found === '%%') return '%'
      if (letter === undefined) return escaped(found)
      if (letter === 'x') return escaped(jobName)
      if (letter !== 'j' && letter !== 'A') return '[^/]*'
      if (hasNumber) return '0*\\1'
      hasNumber = true
      return '0*(\\d+)' // sbatch(1): a number between % and the letter pads with zeros
    })
  return new RegExp(`^${source}$`)
}

/** As templates/job.sh.mustache names it. */
const SCRIPTS_OWN = '%x-%j.log'

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
