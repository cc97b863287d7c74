import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { Waiting } from '../../core/domain/gateway-model.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import type { ObservedEndpoint, ObservedEndpoints } from './observed-endpoints.ts'
import type { StaticTier } from './plan-gateway.ts'
import type { Poll } from './routability.ts'

/** The reason that clients of an empty tier get, from facts that change seldom, because each change costs a reload. */
export interface WaitingFacts {
  readonly observed: ObservedEndpoints
  /**
   * Undefined: there is no poll, or it is too old to show that there are no jobs ("unknown is not none", docs/design/rules.md).
   */
  readonly poll: Poll | undefined
  readonly jobs: JobWords
  /** The duration of the tier's loads, milliseconds; undefined: none was observed. */
  readonly loadMs: (tier: string) => number | undefined
  /** The last reason. */
  readonly before: Waiting | undefined
  readonly now: Date
}

/** How to read a job, from modules that an updater does not import. */
export interface JobWords {
  /** Undefined: not a job of this site. */
  tierOfJob(job: JobView): string | undefined
  /** In words without quotation marks; `isStuck`: it starts only after a person has acted. */
  whyItWaits(job: JobView): { readonly why: string; readonly isStuck: boolean }
}

/**
 * First match wins, for a tier without servers:
 * 1. an endpoint starts or loads, or a job runs that has not published one → loading
 * 2. an endpoint is ready → not routed: `sluice status` shows why
 * 3. a job waits → queued; of several the one that starts first
 * 4. an endpoint drains, or a job is ending → leaving
 * 5. an endpoint has failed, or a job has ended badly → failed
 * 6. Slurm has answered in full → none
 * 7. otherwise not known, and no reason is given
 */
export function waitingOf(tier: StaticTier, facts: WaitingFacts): Waiting | undefined {
  const { poll, before } = facts
  const endpoints = [...facts.observed.values()].filter(one => one.endpoint.tier === tier.name && !isOver(one, poll))
  const ofState = (...states: Endpoint['state'][]) =>
    endpoints.map(one => one.endpoint).filter(one => states.includes(one.state))
  const jobs = [...(poll?.jobs.values() ?? [])].filter(job => facts.jobs.tierOfJob(job) === tier.name)
  const published = new Set(endpoints.map(({ endpoint: { job } }) => job.id))
  const retryAfterSeconds = tier.retryAfterSeconds

  const silent = jobs.filter(job => job.state === 'running' && !published.has(job.id))
  const loading = [
    ...ofState('starting', 'loading').map(({ job, since }) => ({ job: job.id, since: toSeconds(Date.parse(since)) })),
    ...silent.map(({ id, startTime = Number.NaN }) => ({ job: id, since: toSeconds(startTime * 1_000) })),
  ]
  if (loading.length > 0) {
    // A load publishes its progress; it began with the first message.
    if (before?.kind === 'loading' && loading.some(one => one.job === before.job)) return before
    const first = loading.reduce((one, other) => ((other.since ?? '~') < (one.since ?? '~') ? other : one))
    return { kind: 'loading', ...withoutUnknown(first), retryAfterSeconds: loadSeconds(tier, facts) } // 1
  }
  if (ofState('ready').length > 0) return { kind: 'unrouted', retryAfterSeconds } // 2
  const queued = jobs.filter(job => job.state === 'pending').map(job => queuedOf(job, tier, facts))
  if (queued.length > 0) return keepQueued(before, queued) // 3
  const isLeaving = ofState('draining').length > 0 || jobs.some(job => job.state === 'ending')
  if (isLeaving) return { kind: 'leaving', retryAfterSeconds } // 4
  const failed = [
    ...ofState('failed').map(({ job }) => job.id),
    ...jobs.filter(job => job.state === 'ended' && ENDED_BADLY.test(job.stateText)).map(job => job.id),
  ].sort((one, other) => Number(other) - Number(one))
  if (failed[0] !== undefined) return { kind: 'failed', job: failed[0] } // 5
  return poll?.complete === true ? { kind: 'none' } : undefined // 6, 7
}

/** Whether its run is over. A failed endpoint counts until the job runs again. */
function isOver({ endpoint, firstObservedAt }: ObservedEndpoint, poll: Poll | undefined): boolean {
  if (poll === undefined) return false
  const job = poll.jobs.get(endpoint.job.id)
  if (job !== undefined && job.restarts !== endpoint.job.restarts) return job.restarts > endpoint.job.restarts
  if (endpoint.state === 'failed') return false
  return job === undefined ? poll.complete && poll.startedAt > firstObservedAt : job.state === 'ended'
}

/** A cancelled job, or one that ended normally, has not failed. */
const ENDED_BADLY = /FAIL|TIMEOUT|OUT_OF_MEMORY|DEADLINE/

function loadSeconds(tier: StaticTier, { loadMs }: WaitingFacts): number {
  const took = loadMs(tier.name)
  return took === undefined ? tier.retryAfterSeconds : within(took / 1_000, LOAD_SECONDS)
}

type Queued = Extract<Waiting, { kind: 'queued' }>

function queuedOf(job: JobView, tier: StaticTier, { jobs, now }: WaitingFacts): Queued {
  const { why, isStuck } = jobs.whyItWaits(job)
  const start = isStuck ? undefined : toSeconds((job.startTime ?? Number.NaN) * 1_000)
  // Another machine's clock, which may be wrong: it affects only this hint, within bounds.
  const inSeconds = start === undefined ? tier.retryAfterSeconds : (Date.parse(start) - now.getTime()) / 1_000
  return {
    kind: 'queued',
    ...withoutUnknown({ job: job.id, start }),
    why: plain(why),
    retryAfterSeconds: isStuck ? QUEUE_SECONDS.most : within(inSeconds, QUEUE_SECONDS),
  }
}

/** Slurm's estimate changes with each of its plans, so the last one stays as long as it is about right. */
function keepQueued(before: Waiting | undefined, queued: readonly Queued[]): Queued {
  const [first, ...others] = queued
  const best = others.reduce<Queued>((one, other) => (rankOf(other) < rankOf(one) ? other : one), first as Queued)
  if (before?.kind !== 'queued') return best
  const same = queued.find(one => one.job === before.job && one.why === before.why)
  if (same === undefined || (same.start === undefined) !== (before.start === undefined)) return best
  const movedMs = Math.abs(Date.parse(same.start ?? '') - Date.parse(before.start ?? ''))
  return movedMs >= START_MOVED_MS ? best : before
}

function rankOf({ start, retryAfterSeconds, job }: Queued): string {
  return `${start ?? '~'} ${String(retryAfterSeconds).padStart(6, '0')} ${job.padStart(10, '0')}`
}

function within(seconds: number, { least, most }: { least: number; most: number }): number {
  return Math.min(most, Math.max(least, Math.ceil(seconds)))
}

const LOAD_SECONDS = { least: 2, most: 60 }
const QUEUE_SECONDS = { least: 10, most: 300 }
const START_MOVED_MS = 600_000

/** ISO 8601 to the second; undefined for what is not a time. */
function toSeconds(ms: number): string | undefined {
  const isTime = ms > 0 && ms < 253_402_300_800_000 // the year 10000
  return isTime ? `${new Date(ms).toISOString().slice(0, 19)}Z` : undefined
}

/** In a form that nginx can have between quotes. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|\$/g, ' ').slice(0, MAX_WHY)
}

const MAX_WHY = 400

function withoutUnknown<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}
