import type { Clock } from '../../adapters/system/clock.ts'
import type { SlurmEffects } from './effects.ts'
import { createJobSubscribers, type JobSubscriber } from './job-subscribers.ts'
import type { Reporter } from './reporter.ts'

export interface JobPollerOptions {
  readonly slurm: Pick<SlurmEffects, 'jobs'>
  readonly squeueMs: number
  readonly report: Reporter
  readonly clock: Clock
  /** 0 to 1, for the jitter of polls. */
  readonly random: () => number
  readonly signal: AbortSignal
}

/** Runs squeue once per interval, never two at a time, for any number of jobs and subscribers. */
export interface JobPoller {
  /** Calls `hear` with the result of each later squeue; `name` is for the event of a subscriber that fails. */
  subscribe(name: string, hear: JobSubscriber): void
  /** Polls soon, once for each id, before the interval ends: a new endpoint is not routed before Slurm knows its run. */
  ask(ids: readonly string[]): void
  /** Polls after this time, unless an earlier poll is answered: its subscribers may ask again. */
  pollIn(ms: number): void
  /** Polls until the signal aborts; resolves when the subscribers have finished, too. */
  keepPolling(): Promise<void>
}

/** While polls fail, their interval grows up to this factor. */
const LONGEST_BACKOFF = 16

/** The least time between two polls, however many endpoints appear. */
const ASKED_APART_MS = 1_000

/** Without squeue's text, which may differ each time; `sluice status` shows it. */
const UNREAD = 'Cannot read all of the output of squeue; a job that is missing in it does not count as gone'

export function createJobPoller({ slurm, squeueMs, report, clock, random, signal }: JobPollerOptions): JobPoller {
  const subscribers = createJobSubscribers(report)
  /** The ids of the last `ask`. */
  let asked: ReadonlySet<string> = new Set()
  /** The times of `pollIn` since the last poll that was answered. */
  let wantedAt: readonly number[] = []
  let pausing = new AbortController()

  return { subscribe: subscribers.add, ask, pollIn, keepPolling }

  function ask(ids: readonly string[]): void {
    const isNew = ids.some(id => !asked.has(id))
    asked = new Set(ids)
    if (isNew) pollIn(0)
  }

  function pollIn(ms: number): void {
    wantedAt = [...wantedAt, clock.now() + ms]
    pausing.abort()
  }

  async function keepPolling(): Promise<void> {
    let backoff = 1
    let lastStartedAt: number | undefined
    while (!signal.aborted) {
      const startedAt = clock.now()
      const wishes = wantedAt
      wantedAt = []
      const answer = await slurm.jobs()
      if (signal.aborted) break // an answer that our own end cut short says nothing of Slurm
      if ('jobs' in answer) {
        backoff = 1
        const poll = { startedAt, jobs: new Map(answer.jobs.map(job => [job.id, job])), complete: answer.complete }
        const sinceLastMs = lastStartedAt === undefined ? 0 : startedAt - lastStartedAt
        lastStartedAt = startedAt
        report.state('squeue', answer.complete ? undefined : UNREAD)
        subscribers.publish({ poll, sinceLastMs })
      } else {
        wantedAt = [...wantedAt, ...wishes.filter(at => at > startedAt)] // its subscribers do not ask again
        backoff = Math.min(LONGEST_BACKOFF, 2 * backoff)
        lastStartedAt = undefined
        report.state('squeue', `${answer.message}; nothing is withdrawn for it`)
        subscribers.publish({ unknown: answer.message })
      }
      const jitter = 0.9 + 0.2 * random()
      await pause(startedAt + ASKED_APART_MS, clock.now() + squeueMs * backoff * jitter)
    }
    await subscribers.settled()
  }

  /** Sleeps until the first of `wantedAt`, but until `earliest` at least and `latest` at most. */
  async function pause(earliest: number, latest: number): Promise<void> {
    while (!signal.aborted) {
      const leftMs = Math.min(latest, Math.max(earliest, Math.min(...wantedAt))) - clock.now()
      if (leftMs <= 0) return
      pausing = new AbortController()
      await clock.sleep(leftMs, AbortSignal.any([signal, pausing.signal]))
    }
  }
}
