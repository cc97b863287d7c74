import type { JobView } from './job-view.ts'
import type { SlurmConfig } from './slurm-config.ts'

/** AuthInfo=cred_expire, slurm.conf(5). */
const DEFAULT_CRED_EXPIRE_SECONDS = 120

/**
 * How long a requeue defers a job: its EligibleTime − SubmitTime. Measured for `scontrol requeue`, a preemption and a node that
 * went down, with the same result: 6 s with cred_expire=5, on 22.05 and 26.05; with requeue_delay of 0, 3 and 30 beside it 1, 4
 * and 31 s, on 26.05. After a failed launch it was a second less on 22.05.
 */
export function requeuePauseSeconds({
  credExpireSeconds = DEFAULT_CRED_EXPIRE_SECONDS,
  requeueDelaySeconds = credExpireSeconds,
}: Pick<SlurmConfig, 'credExpireSeconds' | 'requeueDelaySeconds'>): number {
  return requeueDelaySeconds + 1
}

/**
 * A job that waits for its BeginTime after a requeue; it is not yet known who set that time. Right after a requeue, and after
 * each change, the Reason is None until slurmctld has looked at the job again.
 */
export function isDeferred(job: JobView): boolean {
  return job.state === 'pending' && /^(?:BeginTime|None)$/.test(job.reason) && job.restarts > 0
}

/** Slurm counts whole seconds, and reads its clock more than once. */
const MARGIN_SECONDS = 1

/**
 * Whether the BeginTime of a deferred job is the one that Slurm's own requeue set. Measured on 22.05 and 26.05: a requeue
 * sets SubmitTime to its own moment and EligibleTime exactly a pause later, whatever `--begin` the job had; `scontrol
 * update StartTime=` moves EligibleTime and leaves SubmitTime; a hold has another Reason, and its release leaves both. So
 * any other distance was set by an operator or the owner, and is kept. A pause that is not known is kept too.
 */
export function isPausedByRequeue(job: JobView, pauseSeconds: number): boolean {
  const { submitTime, eligibleTime } = job
  if (!isDeferred(job) || submitTime === undefined || eligibleTime === undefined) return false
  return Math.abs(eligibleTime - submitTime - pauseSeconds) <= MARGIN_SECONDS
}

/**
 * Whether the nodes of the previous run have finished the requeue: they are up and answer, by scontrol's words (a state, then
 * flags; an unknown word counts as neither). A node that was away learns only at its return that the run is over. It then
 * revokes the job's credential and kills what is left, and a run that Slurm starts there in that second is refused or killed
 * with it. Measured with a slurmd that was killed and started again, all other nodes taken: without the pause 22.05 ended the
 * job for good ("Job credential revoked", FAILED 1:0) and 26.05 killed its new run (RaisedSignal:15); with the pause it ran
 * again on both. Undefined where no state is known.
 *
 * This protects only during the pause. If a node comes back later, with its old processes alive and no other node free, the job
 * starts at once when the node registers. The order to kill the old processes names the job and not the run, so it kills the new
 * run: FAILED for good, 0:9 or 0:15, in 2 of 2 tries on 22.05 (JobLaunchFailure) and in 1 of 1 on 26.05 (RaisedSignal). Sluice
 * cannot act between the two, and a longer pause would keep the job from every other node too.
 */
export function areUp(states: readonly string[] | undefined): boolean | undefined {
  if (states === undefined || states.length === 0) return undefined
  return states.every(state => UP.test(state))
}

const UP =
  /^(?:IDLE|MIXED|ALLOCATED)(?:\+(?:COMPLETING|DRAIN|PLANNED|RESERVED|MAINTENANCE|BLOCKED|CLOUD|DYNAMIC_NORM))*$/
