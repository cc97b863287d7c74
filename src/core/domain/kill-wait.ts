/** The default of KillWait (slurm.conf(5)), also for a replica without Slurm. */
export const DEFAULT_KILL_WAIT_SECONDS = 30

/**
 * Reserved at the end of the time that Slurm grants: the replica stops the engine, removes its files and asks Slurm
 * ("withdraw before you stop", docs/design/rules.md).
 */
export const KEPT_SECONDS = 5
