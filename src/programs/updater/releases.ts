import type { Clock } from '../../adapters/system/clock.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { isHeldByLaunch, launchHoldCure } from '../../core/domain/launch-hold.ts'
import { areUp, isDeferred, isPausedByRequeue } from '../../core/domain/requeue-pause.ts'
import type { RecordEvent, SlurmEffects } from './effects.ts'
import type { JobSubscriber } from './job-subscribers.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'

export interface ReleasesOptions {
  readonly slurm: Omit<SlurmEffects, 'jobs'>
  readonly isOurs: (job: JobView) => boolean
  readonly observed: () => ObservedEndpoints
  readonly record: RecordEvent
  /** Has the jobs polled again after so much time. */
  readonly pollIn: (ms: number) => void
  readonly clock: Clock
}

/**
 * A node refuses a run whose credential is not newer, in whole seconds of slurmctld's clock, than the revocation of the previous
 * run's credential. The job then has failed for good ("Job credential revoked").
 */
const RELEASE_AFTER_MS = 2_000

/** A node that refuses more often is broken, and a person has to look at it. */
const MOST_RELEASES = 3

/**
 * Lets requeued jobs of ours start sooner than Slurm would, where that is safe and nobody else wants them to wait.
 *
 * A deferred job, each BeginTime judged once:
 * 1. its BeginTime is not what a requeue sets → it stands
 * 2. a node of the run before is down, or is not known → left to Slurm, which waits for cred_expire
 * 3. two seconds later that holds no more, it has another BeginTime, or a hold → not now; a new BeginTime is judged anew
 * 4. released
 *
 * A job that is held after a failed launch is reported; if the failed run was released here, the hold is lifted with a backoff.
 */
export function createReleases({ slurm, isOurs, observed, record, pollIn, clock }: ReleasesOptions): JobSubscriber {
  /** Where runs were seen to run, by run: a requeued job no longer names its nodes. */
  let nodes: ReadonlyMap<string, string> = new Map()
  /** BeginTimes that were handled. */
  const decided = new Set<string>()
  /** When BeginTimes that can be lifted were first seen, milliseconds. */
  let pausedSince: ReadonlyMap<string, number> = new Map()
  /** Runs that were let start here, and how often the hold of a run before was lifted for that. */
  const lifted = new Map<string, number>()
  /** Since when runs have been held, milliseconds. */
  const heldSince = new Map<string, number>()

  return async round => {
    if ('unknown' in round) return
    const ours = [...round.poll.jobs.values()].filter(isOurs)
    nodes = nodesOf(ours, nodes)
    await releaseHeld(ours)
    await releasePaused(ours, round.poll.startedAt)
  }

  async function releasePaused(jobs: readonly JobView[], polledAt: number): Promise<void> {
    const deferred = jobs.filter(job => isDeferred(job) && !decided.has(beginOf(job)))
    const pauseSeconds = deferred.length === 0 ? undefined : await slurm.requeuePauseSeconds()
    if (pauseSeconds === undefined) return
    const isPaused = (job: JobView) => isPausedByRequeue(job, pauseSeconds)
    for (const job of deferred) if (!isPaused(job)) decided.add(beginOf(job)) // 1
    const up = await onNodesThatAreUp(deferred.filter(isPaused)) // 2
    const since = new Map(up.map(job => [beginOf(job), pausedSince.get(beginOf(job)) ?? clock.now()]))
    pausedSince = since
    const isDue = (job: JobView) => polledAt >= (since.get(beginOf(job)) ?? 0) + RELEASE_AFTER_MS // 3
    if (!up.every(isDue)) pollIn(RELEASE_AFTER_MS)
    for (const job of up.filter(isDue)) {
      decided.add(beginOf(job)) // 4
      lifted.set(runOf(job), 0)
      record('released', { job: job.id, restarts: job.restarts, message: await slurm.releaseBeginTime(job.id) })
    }
  }

  /** Jobs whose last run was on nodes that are up. The others are recorded, except those that the next poll may clarify. */
  async function onNodesThatAreUp(jobs: readonly JobView[]): Promise<readonly JobView[]> {
    const answers = await Promise.all(
      jobs.map(async job => {
        const list = knownNodes(job)
        const isUp = list === undefined ? undefined : areUp(await slurm.nodeStates(list))
        return { job, isUp, isUnknown: list === undefined }
      }),
    )
    for (const { job, isUnknown } of answers.filter(one => one.isUp === false || one.isUnknown)) {
      decided.add(beginOf(job))
      const reason = isUnknown ? 'The nodes of its last run are not known' : 'A node of its last run is down'
      record('left to Slurm', {
        job: job.id,
        restarts: job.restarts,
        reason: `${reason}: its old credential must expire`,
      })
    }
    return answers.filter(one => one.isUp === true).map(one => one.job)
  }

  /** The nodes of the previous run; undefined: not known. */
  function knownNodes(job: JobView): string | undefined {
    const run = runOf(job, -1)
    const published = [...observed().values()].find(({ endpoint }) => runOf(endpoint.job) === run)
    if (nodes.has(run) || published === undefined) return nodes.get(run)
    const { job: head, processes } = published.endpoint
    return [...new Set([head.node, ...processes.map(one => one.node)])].join()
  }

  async function releaseHeld(jobs: readonly JobView[]): Promise<void> {
    const held = jobs.filter(isHeldByLaunch)
    const runs = new Set(held.map(job => runOf(job)))
    for (const run of heldSince.keys()) if (!runs.has(run)) heldSince.delete(run)
    for (const job of held) {
      const run = runOf(job)
      const releases = lifted.get(runOf(job, -1))
      const since = heldSince.get(run)
      if (since === undefined) {
        heldSince.set(run, clock.now())
        const cure =
          releases === undefined ? launchHoldCure(job) : 'It was released early here, and will be released again'
        record('held', { job: job.id, restarts: job.restarts, message: `A node could not launch it. ${cure}` })
      }
      if (releases === undefined || lifted.has(run)) continue
      const pauseSeconds = await slurm.requeuePauseSeconds()
      const lastsMs = pauseSeconds === undefined ? undefined : holdLastsMs(releases, pauseSeconds)
      if (lastsMs === undefined || clock.now() - (heldSince.get(run) ?? 0) < lastsMs) continue
      lifted.set(run, releases + 1)
      const message = await slurm.releaseHold(job.id)
      record('released', { job: job.id, restarts: job.restarts, held: 'launch failed', message })
    }
  }
}

/** The nodes of runs that can still matter, and of the running jobs. */
function nodesOf(jobs: readonly JobView[], known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    jobs.flatMap(job => {
      const now = job.state === 'running' ? job.nodeList : ''
      const runs = [runOf(job, -1), runOf(job)].map(run => [run, known.get(run) ?? ''] as const)
      return [...runs, [runOf(job), now] as const].filter(([, nodes]) => nodes !== '')
    }),
  )
}

function runOf({ id, restarts }: { readonly id: string; readonly restarts: number }, later = 0): string {
  return `${id}/${restarts + later}`
}

function beginOf(job: JobView): string {
  return `${runOf(job)} ${job.eligibleTime}`
}

/**
 * How long a hold that our own release has caused stays, after this many releases; undefined: for good. First as long as Slurm
 * would have waited, because then the previous run's credential has expired, and then twice that.
 */
function holdLastsMs(releases: number, pauseSeconds: number): number | undefined {
  return releases >= MOST_RELEASES ? undefined : pauseSeconds * 1_000 * 2 ** releases
}
