import type { JobView } from './job-view.ts'

/** Why a replica must leave. */
export type LeaveCause = 'preempted' | 'walltime' | 'requeued' | 'cancelled' | 'operator'

/**
 * The meaning of Slurm's answer for a replica whose notice step ended or whose batch process got a TERM.
 * - `leave`: drain and go. `secondsLeft` is what Slurm grants from the moment of the notice; undefined when it is only KillWait.
 *   `requeue`: requeue as the last act; false where the job has ended or a newer incarnation exists (we are fenced), and then
 *   Slurm is not asked for anything.
 * - `stay`: a false alarm.
 * - `unknown`: Slurm did not answer, or not in known words: drain, do not requeue, ask again.
 */
export type NoticeVerdict =
  | { readonly kind: 'leave'; readonly cause: LeaveCause; readonly secondsLeft?: number; readonly requeue: boolean }
  | { readonly kind: 'stay' }
  | { readonly kind: 'unknown' }

/** Slurm's answer about our job: undefined when it did not answer, 'forgotten' when it no longer knows the job. */
export type JobAnswer = (JobView & { readonly remainingSeconds?: number }) | 'forgotten' | undefined

const FENCED: NoticeVerdict = { kind: 'leave', cause: 'requeued', requeue: false }

/** Slurm sends `--signal` up to this much early (sbatch(1) --signal). */
const EARLY_SIGNAL_SECONDS = 60

/**
 * Decides by Slurm's answer; the first match wins ("Cause, from inside the job", docs/design/slurm.md):
 * 1. no answer, or a state that we do not know → unknown
 * 2. forgotten, or more restarts than ours → requeued: we are the old copy, fenced ("requeue to return, cancel to go",
 *    docs/design/rules.md)
 * 3. RUNNING with PreemptTime → preempted; what is left is EndTime − PreemptTime
 * 4. RUNNING and the limit is near → walltime
 * 5. RUNNING → stay
 * 6. PENDING with our restart count → unknown: an answer from before we started
 * 7. anything else has ended → cancelled, or the walltime where that is Slurm's reason
 */
export function judgeNotice(
  job: JobAnswer,
  ours: {
    readonly restarts: number
    readonly signalLeadSeconds: number
    /** No notice comes before this: a walltime that is shorter than the lead and this margin is not a reason to leave. */
    readonly hasJustBegun?: boolean
  },
): NoticeVerdict {
  if (job === undefined) return { kind: 'unknown' } // 1
  if (job === 'forgotten') return FENCED // 2
  if (job.state === 'unknown' || job.restarts < ours.restarts) return { kind: 'unknown' } // 1
  if (job.restarts > ours.restarts) return FENCED // 2
  if (job.state === 'running') {
    if (job.preemptTime !== undefined) {
      const grace = job.endTime === undefined ? {} : { secondsLeft: Math.max(0, job.endTime - job.preemptTime) }
      return { kind: 'leave', cause: 'preempted', requeue: true, ...grace } // 3
    }
    const left = job.remainingSeconds
    const noticeSeconds = ours.signalLeadSeconds + (ours.hasJustBegun === true ? 0 : EARLY_SIGNAL_SECONDS)
    if (left !== undefined && left <= noticeSeconds) {
      return { kind: 'leave', cause: 'walltime', requeue: true, secondsLeft: Math.max(0, left) } // 4
    }
    return { kind: 'stay' } // 5
  }
  if (job.state === 'pending') return { kind: 'unknown' } // 6
  return { kind: 'leave', cause: job.reason === 'TimeLimit' ? 'walltime' : 'cancelled', requeue: false } // 7
}
