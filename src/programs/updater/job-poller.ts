import type { Clock } from '../../adapters/system/clock.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import type { RecordEvent, RegistryEffects, SlurmEffects } from './effects.ts'
import { type Absences, countAbsences, expiredRunIds } from './expired-runs.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import { createReleases } from './releases.ts'
import type { Reporter } from './reporter.ts'
import type { Poll } from './routability.ts'

export interface JobPollerOptions {
  readonly slurm: SlurmEffects
  readonly squeueMs: number
  /** Whether Sluice submitted the job for this site; the account may have others. */
  readonly isOurs: (job: JobView) => boolean
  readonly observed: () => ObservedEndpoints
  readonly removeFiles: (id: string) => Promise<void>
  readonly removeExpired: RegistryEffects['removeExpired']
  readonly report: Reporter
  readonly record: RecordEvent
  readonly clock: Clock
  /** 0 to 1, for the jitter of polls. */
  readonly random: () => number
  readonly signal: AbortSignal
  /** Called after each answered poll. */
  readonly wake: () => void
}

/** Slurm's view of all our jobs: one squeue in an interval, for any number of jobs. */
export interface JobPoller {
  /** The last answered poll. */
  latest(): Poll | undefined
  /** Polls soon instead of at the next interval, once for each endpoint: it is not routed before Slurm shows its run. */
  ask(ids: readonly string[]): void
  /** Polls until the signal aborts, and does the work that needs only the answers. */
  keepPolling(): Promise<void>
}

/** While polls fail, their interval grows up to this factor. */
const LONGEST_BACKOFF = 16

const DAY_MS = 86_400_000

/** The least time between two early polls, for any number of new endpoints. */
const ASKED_APART_MS = 1_000

/** Without squeue's text, which may differ each time; `sluice status` shows it. */
const UNREAD = 'Cannot read all of the output of squeue; a job that is missing in it does not count as gone'

export function createJobPoller(options: JobPollerOptions): JobPoller {
  const { slurm, report, record, clock, signal } = options
  let poll: Poll | undefined
  let absences: Absences = new Map()
  let expiryAt = Number.NEGATIVE_INFINITY
  const releases = createReleases(options)

  /** Endpoints for which there was an early poll, as long as their files exist. */
  const asked = new Set<string>()
  let askSoon = new AbortController()

  return { latest: () => poll, ask, keepPolling }

  function ask(ids: readonly string[]): void {
    for (const id of asked) if (!options.observed().has(id)) asked.delete(id)
    const fresh = ids.filter(id => !asked.has(id))
    for (const id of fresh) asked.add(id)
    if (fresh.length > 0) askSoon.abort()
  }

  async function keepPolling(): Promise<void> {
    let backoff = 1
    let lastStartedAt: number | undefined
    while (!signal.aborted) {
      const startedAt = clock.now()
      askSoon = new AbortController() // this poll serves all endpoints that are known by now
      const answer = await slurm.jobs()
      if ('jobs' in answer) {
        backoff = 1
        poll = { startedAt, jobs: new Map(answer.jobs.map(job => [job.id, job])), complete: answer.complete }
        const sinceLastMs = lastStartedAt === undefined ? 0 : startedAt - lastStartedAt
        absences = countAbsences(absences, options.observed(), poll, sinceLastMs)
        lastStartedAt = startedAt
        report.state('squeue', answer.complete ? undefined : UNREAD)
        options.wake()
        await removeExpiredRuns()
        removeExpired(poll)
        await releases.releaseDeferred(answer.jobs)
      } else {
        lastStartedAt = undefined // the time until the next answer does not count as observed
        report.state('squeue', `${answer.message}; no endpoint is withdrawn for that`)
        backoff = Math.min(LONGEST_BACKOFF, 2 * backoff)
      }
      const jitter = 0.9 + 0.2 * options.random()
      const pauseMs = options.squeueMs * backoff * jitter
      const apartMs = Math.min(pauseMs, Math.max(0, startedAt + ASKED_APART_MS - clock.now()))
      await clock.sleep(apartMs, signal)
      await clock.sleep(pauseMs - apartMs, AbortSignal.any([signal, askSoon.signal]))
    }
  }

  /** Reads thousands of files one after the other; not awaited. */
  function removeExpired({ jobs, complete }: Poll): void {
    if (!complete || clock.now() < expiryAt) return
    expiryAt = clock.now() + DAY_MS
    const isAlive = (id: string) => jobs.has(id) && jobs.get(id)?.state !== 'ended'
    void options.removeExpired(isAlive).then(
      count => {
        if (count > 0) record('files expired', { count, reason: 'Their jobs have ended, and they are a month old' })
      },
      () => undefined, // tried again tomorrow
    )
  }

  async function removeExpiredRuns(): Promise<void> {
    for (const id of expiredRunIds(absences)) {
      const removed = await options.removeFiles(id).then(
        () => true,
        () => false, // the next poll tries again
      )
      if (removed)
        record('files removed', {
          id,
          reason: 'Its run has been over for an hour: its job has ended or is forgotten, or was requeued',
        })
    }
  }
}
