/** How Slurm's commands find their cluster and prove who asks; read by its libraries (read_config.c, auth plugins). */
const CONNECTION: ReadonlySet<string> = new Set([
  ...['SLURM_CONF', 'SLURM_CONF_SERVER', 'SLURM_JWT', 'SLURM_SACK_KEY', 'SLURM_SACK_JWKS'],
])

/** What a job may inherit from whoever submits it. */
const INHERITED: ReadonlySet<string> = new Set([
  ...['PATH', 'LD_LIBRARY_PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE'],
])

/**
 * For commands that ask or order. Slurm's own variables beat flags (squeue(1), ENVIRONMENT VARIABLES), so all but
 * those of the connection go. Times come as epoch seconds; UTC, because %s goes through local time, which has one
 * hour twice a year.
 */
export function queryEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const isKept = (name: string) => CONNECTION.has(name) || !/^(?:SBATCH|SQUEUE|SCANCEL|SCONTROL|SLURM)_/.test(name)
  return { ...pick(env, isKept), SLURM_TIME_FORMAT: '%s', TZ: 'UTC' }
}

/**
 * For sbatch, which hands its environment on to the job (sbatch(1) --export=ALL). Only a few names: what a replica does
 * must not depend on the shell or the daemon that submitted it, and no secret of theirs belongs in Slurm's spool.
 * `--export=` could do that too, but it would reach every srun inside the job as SLURM_EXPORT_ENV.
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
