/** Variables by which Slurm's commands find their cluster and authenticate; its libraries read them (read_config.c, auth plugins). */
const CONNECTION: ReadonlySet<string> = new Set([
  ...['SLURM_CONF', 'SLURM_CONF_SERVER', 'SLURM_JWT', 'SLURM_SACK_KEY', 'SLURM_SACK_JWKS'],
])

/** Variables that a job may inherit from its submitter. */
const INHERITED: ReadonlySet<string> = new Set([
  ...['PATH', 'LD_LIBRARY_PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE'],
])

/**
 * The environment for commands that query or order. Slurm's own variables override flags (squeue(1), ENVIRONMENT VARIABLES), so all
 * except those of the connection are removed. Times are epoch seconds, with UTC, because %s goes through local time, which has one
 * hour twice in autumn.
 */
export function queryEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const isKept = (name: string) => CONNECTION.has(name) || !/^(?:SBATCH|SQUEUE|SCANCEL|SCONTROL|SLURM)_/.test(name)
  return { ...pick(env, isKept), SLURM_TIME_FORMAT: '%s', TZ: 'UTC' }
}

/**
 * The environment for sbatch, which passes it on to the job (sbatch(1) --export=ALL). Only a few names, because a replica must not
 * depend on the shell or the daemon that submitted it, and their secrets do not belong in Slurm's spool. `--export=` could do that
 * too, but it would reach every srun inside the job as SLURM_EXPORT_ENV.
 */
export function submitEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return pick(env, name => CONNECTION.has(name) || INHERITED.has(name))
}

function pick(env: NodeJS.ProcessEnv, isKept: (name: string) => boolean): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isKept(name)) kept[name] = value
  }
  return kept
}
