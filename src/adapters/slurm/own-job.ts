import type { Endpoint } from '../../core/domain/endpoint.ts'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * The job that this batch process belongs to, as Slurm put it into the environment (sbatch(1), OUTPUT ENVIRONMENT VARIABLES).
 * Its values become names of files and arguments of commands, and a user's own script may have exported other values.
 *
 * @throws UserError when something is missing, or is not what Slurm sets.
 */
export function readOwnJob(env: NodeJS.ProcessEnv): Endpoint['job'] {
  if (env['SLURM_JOB_ID'] === undefined || env['SLURMD_NODENAME'] === undefined) {
    throw new UserError(
      'Cannot supervise: SLURM_JOB_ID and SLURMD_NODENAME are not set; submit the script with `sluice submit`',
    )
  }
  return {
    id: setBySlurm(env, 'SLURM_JOB_ID', /^[1-9]\d{0,9}$/, 'a number of a job'),
    node: setBySlurm(env, 'SLURMD_NODENAME', /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, 'the name of a node'),
    // Unset in the first run.
    restarts: Number(setBySlurm({ SLURM_RESTART_COUNT: '0', ...env }, 'SLURM_RESTART_COUNT', /^\d{1,9}$/, 'a count')),
    name: env['SLURM_JOB_NAME'] ?? '',
  }
}

function setBySlurm(env: NodeJS.ProcessEnv, variable: string, shape: RegExp, wanted: string): string {
  const value = env[variable] ?? ''
  if (shape.test(value)) return value
  throw new UserError(
    `Cannot supervise: ${variable} is ${JSON.stringify(value.slice(0, 80))} instead of ${wanted}; only Slurm should set it`,
  )
}
