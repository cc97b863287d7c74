import type { JobState } from '../../core/domain/job-view.ts'

/**
 * The meaning of Slurm's word for a job's state. A flag is printed instead of the base state (job_state_string() of Slurm 22.05 to
 * 26.05), so a word that may hide a live job means unknown. A word that is not in the table means unknown too, never dead.
 */
export function toJobState(word: string): JobState {
  return STATES.get(word) ?? 'unknown'
}

const STATES: ReadonlyMap<string, JobState> = new Map([
  ['PENDING', 'pending'],
  // These three hide PENDING: the job waits again, or is held after a requeue.
  ['REQUEUED', 'pending'],
  ['REQUEUE_HOLD', 'pending'],
  ['SPECIAL_EXIT', 'pending'],
  ['RUNNING', 'running'],
  // A signal is on its way to a job that runs.
  ['SIGNALING', 'running'],
  ['COMPLETING', 'ending'],
  // The processes are over and files are copied back.
  ['STAGE_OUT', 'ending'],
  ['COMPLETED', 'ended'],
  ['CANCELLED', 'ended'],
  ['FAILED', 'ended'],
  ['TIMEOUT', 'ended'],
  ['NODE_FAIL', 'ended'],
  ['PREEMPTED', 'ended'],
  ['BOOT_FAIL', 'ended'],
  ['DEADLINE', 'ended'],
  ['OUT_OF_MEMORY', 'ended'],
  // Allocated, but its processes do not live yet, or stand still, or live on another cluster of a federation.
  ['CONFIGURING', 'unknown'],
  ['RESIZING', 'unknown'],
  ['STOPPED', 'unknown'],
  ['SUSPENDED', 'unknown'],
  ['REVOKED', 'unknown'],
])
