import type { JobView } from '../domain/job-view.ts'
import type { Clock } from '../system/clock.ts'
import type { RecordEvent, SlurmEffects } from './effects.ts'
import { type Absences, countAbsences, forgottenIds } from './forgotten.ts'
import type { Reporter } from './reporter.ts'
import type { SeenMap } from './seen.ts'
import type { Poll } from './standing.ts'

export interface SlurmWordOptions {
  readonly slurm: SlurmEffects
  readonly squeueMs: number
  /** A job that Sluice submitted for this site: the account may have others. */
  readonly isOurs: (job: JobView) => boolean
  readonly seen: () => SeenMap
  readonly removeFiles: (id: string) => Promise<void>
  readonly report: Reporter
  readonly record: RecordEvent
  readonly clock: Clock
  /** 0 to 1, for the jitter of polls. */
  readonly random: () => number
  readonly signal: AbortSignal
  /** Called when there is a new word. */
  readonly wake: () => void
}

/** What Slurm says of all our jobs: one squeue in an interval, whatever their number. */
export interface SlurmWord {
  /** The last poll that was answered. */
  latest(): Poll | undefined
  /** Asks until the signal aborts, and does what follows from the answers alone. */
  keepAsking(): Promise<void>
}

/** A poll that keeps failing is asked for less and less often, up to this many intervals. */
const LONGEST_BACKOFF = 16

/**
 * A run whose credential was made in the second in which that of the run before was revoked, or earlier, is refused by its
 * node, and the job has failed for good ("Job credential revoked"): slurmd compares whole seconds of slurmctld's clock.
 */
const RELEASE_AFTER_MS = 2_000

/** Without what it printed: that may differ each time, and `sluice status` shows it. */
const UNREAD = 'Cannot read all that squeue prints; a job that it does not name is not taken for gone'

export function createSlurmWord(options: SlurmWordOptions): SlurmWord {
  const { slurm, report, record, clock, signal } = options
  let poll: Poll | undefined
  let absences: Absences = new Map()
  /** Runs that were made eligible, as job/restarts: each once. */
  const released = new Set<string>()

  return { latest: () => poll, keepAsking }

  async function keepAsking(): Promise<void> {
    let backoff = 1
    let lastStartedAt: number | undefined
    while (!signal.aborted) {
      const startedAt = clock.now()
      const answer = await slurm.jobs()
      if ('jobs' in answer) {
        backoff = 1
        poll = { startedAt, jobs: new Map(answer.jobs.map(job => [job.id, job])), complete: answer.complete }
        const sinceLastMs = lastStartedAt === undefined ? 0 : startedAt - lastStartedAt
        absences = countAbsences(absences, options.seen(), poll, sinceLastMs)
        lastStartedAt = startedAt
        report.state('squeue', answer.complete ? undefined : UNREAD)
        options.wake()
        await removeForgotten()
        await releaseRequeued(answer.jobs)
      } else {
        lastStartedAt = undefined // the time until the next answer is not time that Slurm was seen
        report.state('squeue', `${answer.message}; nothing is withdrawn for it`)
        backoff = Math.min(LONGEST_BACKOFF, 2 * backoff)
      }
      const jitter = 0.9 + 0.2 * options.random()
      await clock.sleep(options.squeueMs * backoff * jitter, signal)
    }
  }

  async function removeForgotten(): Promise<void> {
    for (const id of forgottenIds(absences)) {
      const removed = await options.removeFiles(id).then(
        () => true,
        () => false, // the next poll tries again
      )
      if (removed)
        record('files removed', {
          id,
          reason: 'Its run has been over for an hour: Slurm has forgotten the job, or runs it anew',
        })
    }
  }

  /** Slurm holds a requeued job for cred_expire, two minutes by default; its owner may undo that (reference: slurm.conf(5)). */
  async function releaseRequeued(jobs: readonly JobView[]): Promise<void> {
    const isHeld = (job: JobView) => job.state === 'pending' && job.reason === 'BeginTime' && job.restarts > 0
    const held = jobs.filter(job => isHeld(job) && options.isOurs(job) && !released.has(runOf(job)))
    if (held.length === 0) return
    await clock.sleep(RELEASE_AFTER_MS, signal)
    for (const job of signal.aborted ? [] : held) {
      released.add(runOf(job))
      record('released', { job: job.id, restarts: job.restarts, message: await slurm.releaseBeginTime(job.id) })
    }
  }
}

function runOf(job: JobView): string {
  return `${job.id}/${job.restarts}`
}
