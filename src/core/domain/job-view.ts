/**
 * A job as Slurm shows it, whether in squeue's rows or in `scontrol show job`. Times are epoch seconds of Slurm's
 * clock: compare them with each other only ("no foreign clocks", docs/design/rules.md).
 */
export interface JobView {
  readonly id: string
  readonly state: JobState
  /** Slurm's own word for the state, for people. */
  readonly stateText: string
  readonly reason: string
  /** How often the job was requeued; 0 in its first run. */
  readonly restarts: number
  /** Set while the job is in its preemption grace. */
  readonly preemptTime?: number
  /** When it was submitted or last requeued: a requeue sets it again. */
  readonly submitTime?: number
  /** It does not start before this time, which the last requeue, `--begin` or operator's `StartTime=` has set. */
  readonly eligibleTime?: number
  readonly startTime?: number
  readonly endTime?: number
  /** Node of the batch step, or undefined while the job has none. */
  readonly batchHost?: string
  readonly nodeList: string
  readonly name: string
  /** Account name of the owner, where the query asked for it. */
  readonly user?: string
  /** The `--comment` of its submission, by which Sluice finds its own jobs. */
  readonly comment?: string
  /** `status:signal`, as sacct(1) prints it, for a run that has ended. */
  readonly exitCode?: string
  /** The walltime; undefined where there is none. */
  readonly timeLimitSeconds?: number
  /** How long this run has lasted, by Slurm's clock. */
  readonly runTimeSeconds?: number
  /** timeLimitSeconds − runTimeSeconds, where both are known; negative beyond the limit. */
  readonly remainingSeconds?: number
}

/**
 * pending: waits, also after a requeue. running: its processes live (SIGNALING counts). ending: COMPLETING, the allocation is
 * being released. ended: any final state. unknown: a word that this version does not know, or one that hides the base state; it
 * never counts as dead.
 */
export type JobState = 'pending' | 'running' | 'ending' | 'ended' | 'unknown'
