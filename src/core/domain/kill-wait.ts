/** slurm.conf(5) KillWait: its default, and what a replica without Slurm gets. */
export const DEFAULT_KILL_WAIT_SECONDS = 30

/**
 * Of the time that Slurm grants, a replica keeps this much for the end: it stops the engine, removes its files and asks
 * Slurm ("withdraw before you stop", docs/design/rules.md).
 */
export const KEPT_SECONDS = 5
