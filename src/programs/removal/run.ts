import { hostname, userInfo } from 'node:os'
import { openJournal } from '../../adapters/registry/journal.ts'
import type { openRegistry } from '../../adapters/registry/open-registry.ts'
import type { OrderAnswer, Slurm } from '../../adapters/slurm/slurm.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { type SerialQueue, SerialQueueTimeout } from '../../adapters/system/serial-queue.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { jobsNamed } from '../../core/domain/named-jobs.ts'
import { printJson } from '../../core/text/line-printer.ts'
import { leftBehind } from './left-behind.ts'
import { type Outcome, previewRemoval, type RemovalEffects, removeJobs } from './loop.ts'
import type { Manner, RemovalTarget } from './plan-removal.ts'

/** The site of an operator's command, as a removal uses it. */
export interface RemovalSite {
  readonly config: Pick<Config, 'shared' | 'tiers'>
  readonly registry: ReturnType<typeof openRegistry>
  readonly serialQueue: SerialQueue
  readonly orders: Pick<Slurm, 'signalBatch' | 'cancel' | 'requeueIncomplete'>
  readonly isLocal: boolean
  jobs(signal?: AbortSignal): Promise<SiteJobs | { readonly unknown: string }>
  /** The last beats of the updaters without a beat, by gateway. */
  stillBeats(signal: AbortSignal): Promise<ReadonlyMap<string, { readonly beat: number }>>
}

interface SiteJobs {
  readonly jobs: readonly { readonly tier: string; readonly job: JobView }[]
  /** This account's other jobs. */
  readonly others: readonly JobView[]
  readonly complete: boolean
}

export interface RunRemovalOptions {
  /** A tier, a job, a replica or an endpoint. */
  readonly name: string
  readonly manner: Manner
  /** Time limit of a drain. */
  readonly withinSeconds: number | undefined
  readonly dryRun?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Removes the named jobs of the site, prints each change, and clears the files that they leave behind. */
export async function runRemoval(site: RemovalSite, options: RunRemovalOptions, context: Context): Promise<void> {
  const { name, manner, withinSeconds } = options
  const targets = await findTargets(name, site, context)
  const effects = effectsOf(site)
  const verbs = manner === 'now' ? VERBS.now : VERBS.drain
  const how = (site.isLocal ? LOCAL_MANNERS : MANNERS)[manner]
  if (targets.length === 0) {
    report([], `${name} has no jobs`, options, context)
    return options.dryRun === true ? undefined : clearLeft(name, site, options, context)
  }
  if (options.dryRun === true) {
    const outcomes = await previewRemoval({ targets, manner, effects })
    return report(outcomes, `Would ${verbs.would} ${list(targets)} (${how})`, options, context)
  }

  const log = options.json === true ? context.warn : context.print
  log(`${verbs.begins} ${list(targets)}: ${how}`)
  const stillBeats = new Map<string, number>()
  const over = new AbortController()
  // Not awaited: a replica is asked at once, independent of its gateways.
  void site.stillBeats(AbortSignal.any([over.signal, context.signal])).then(
    still => {
      for (const [gateway, { beat }] of still) stillBeats.set(gateway, beat)
    },
    () => undefined, // unreadable routes are reported later
  )
  const outcomes = await removeJobs({
    stillBeats,
    targets,
    manner,
    withinSeconds,
    effects,
    log: (target, words) => log(`${target.tier} job ${target.jobId}: ${words}`),
    clock: systemClock,
    signal: context.signal,
  }).finally(() => over.abort())
  if (options.json === true) report(outcomes, '', options, context)
  await clearLeft(name, site, options, context)
  const left = outcomes.filter(one => !one.isDone)
  if (left.length > 0) throw new Error(stoppedWords(left))
}

/** The jobs that are still leaving, and those without a request. */
function stoppedWords(left: readonly Outcome[]): string {
  const jobs = (outcomes: readonly Outcome[]) => outcomes.map(one => `job ${one.target.jobId}`).join(', ')
  const unasked = left.filter(one => one.notAsked !== undefined)
  const going = left.filter(one => one.notAsked === undefined)
  const goesOn = `${jobs(going)} still there; the requests stay in effect, see sluice status`
  if (unasked.length === 0) return `Stopped watching: ${goesOn}`
  const reasons = [...new Set(unasked.map(one => one.notAsked))].join('; ')
  const cannot = `Cannot drain ${jobs(unasked)}: ${reasons}; there is no request to ${unasked.length === 1 ? 'it' : 'them'}`
  return going.length === 0 ? cannot : `${cannot}; ${goesOn}`
}

/** A failed replica keeps its endpoint files, so that people see the reason. An operator who removes it has seen them. */
async function clearLeft(
  name: string,
  site: RemovalSite,
  { json }: RunRemovalOptions,
  context: Context,
): Promise<void> {
  const log = json === true ? context.warn : context.print
  const scan = await site.registry.scan().catch(unknown)
  if (scan === undefined || scan.endpoints.length === 0) return
  const answer = await site.jobs(context.signal)
  if ('unknown' in answer) return
  const jobs = [...answer.jobs.map(one => one.job), ...answer.others]
  for (const { id } of leftBehind(name, scan.endpoints, { jobs, complete: answer.complete })) {
    const trouble = await site.registry.remove(id).then(() => undefined, messageOf)
    log(trouble === undefined ? `Removed the files of ${id}: its run is over` : `Cannot clear ${id}: ${trouble}`)
  }
}

const VERBS = { drain: { would: 'drain', begins: 'Draining' }, now: { would: 'stop', begins: 'Stopping' } }

const MANNERS: Readonly<Record<Manner, string>> = {
  drain: 'no new requests, answers are finished, then the job is cancelled',
  requeue: 'no new requests, answers are finished, then the job is requeued',
  now: 'cancelled at once, answers are cut',
}

/** For a `sluice up`, which keeps its replicas running. */
const LOCAL_MANNERS: Readonly<Record<Manner, string>> = {
  drain: 'no new requests, answers are finished, then it ends for as long as this sluice up runs',
  requeue: 'no new requests, answers are finished, then it is started again',
  now: 'ended at once for as long as this sluice up runs, answers are cut',
}

/** Throws when Slurm does not answer, because jobs would be missed ("unknown is not none", docs/design/rules.md). */
async function findTargets(name: string, site: RemovalSite, context: Context): Promise<readonly RemovalTarget[]> {
  const answer = await site.jobs(context.signal)
  if ('unknown' in answer) throw new Error(`Cannot find out which jobs there are: ${answer.unknown}`)
  const reported = answer.jobs.map(({ tier, job }) => ({ tier, id: job.id, restarts: job.restarts, state: job.state }))
  const known = [...reported, ...(await forgottenJobs(site, reported))]
  // Jobs of a tier that is no longer in sluice.yaml may still run, and it must be possible to stop them.
  const tiers = [...new Set([...Object.keys(site.config.tiers), ...known.map(job => job.tier)])]
  const live = new Set(known.filter(job => job.state !== 'ended').map(job => job.id))
  return jobsNamed(name, { tiers, jobs: known })
    .filter(job => live.has(job.id) || !tiers.includes(name))
    .map(({ tier, id, restarts }) => ({ tier, jobId: id, restarts }))
    .sort((one, other) => Number(one.jobId) - Number(other.jobId))
}

/** Jobs that Slurm may have forgotten, with endpoint files that are still there: they can be named too. */
async function forgottenJobs(site: RemovalSite, reported: readonly { readonly id: string }[]) {
  const { endpoints } = (await site.registry.scan().catch(unknown)) ?? { endpoints: [] }
  return endpoints
    .filter(({ job }) => reported.every(one => one.id !== job.id))
    .map(({ tier, job }) => ({ tier, id: job.id, restarts: job.restarts, state: 'ended' as const }))
}

function effectsOf({ registry, orders, ...site }: RemovalSite): RemovalEffects {
  return {
    jobs: async () => {
      const answer = await site.jobs()
      return 'unknown' in answer ? undefined : { jobs: answer.jobs.map(one => one.job), complete: answer.complete }
    },
    registry: () => registry.scan().catch(unknown),
    routes: () => registry.routes().catch(unknown),
    requestDrain: async (replica, jobId, request) => {
      try {
        await registry.make() // a site that was set up before there were requests
        await registry.writeRequest(replica, { kind: 'drain', ...request })
      } catch (error) {
        if (!(error instanceof SerialQueueTimeout)) throw error
        return error.message // it may still be written
      }
      return troubleOf(await orders.signalBatch(jobId))
    },
    cancel: async jobId => {
      const answer = await orders.cancel(jobId)
      if (answer.kind === 'accepted') await noteCancel(jobId, site)
      return troubleOf(answer)
    },
    requeue: async jobId => troubleOf(await orders.requeueIncomplete(jobId)),
  }
}

/** Slurm does not record who cancelled a job. With this note, explain recognizes our own cancel. */
async function noteCancel(
  job: string,
  { config, serialQueue }: Pick<RemovalSite, 'config' | 'serialQueue'>,
): Promise<void> {
  const writer = `operator-${hostname().replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`
  const journal = openJournal({ shared: config.shared, writer, print: () => undefined }, systemClock, serialQueue)
  journal.record('cancelled', { job, by: userInfo().username })
  await journal.close()
}

/** A job that Slurm does not know has gone; the next look shows that. */
function troubleOf(answer: OrderAnswer): string | undefined {
  return 'message' in answer ? answer.message : undefined
}

// The next look asks again; meanwhile the state is reported as not known.
function unknown(): undefined {
  return undefined
}

function report(outcomes: readonly Outcome[], title: string, options: RunRemovalOptions, { print }: Context): void {
  if (options.json === true) {
    const jobs = outcomes.map(({ target, isDone, words }) => ({ tier: target.tier, job: target.jobId, isDone, words }))
    printJson(print, { dryRun: options.dryRun === true, jobs })
    return
  }
  print(title)
  for (const { target, words } of outcomes) print(`${target.tier} job ${target.jobId}: ${words}`)
}

function list(targets: readonly RemovalTarget[]): string {
  const [first] = targets
  return targets.length === 1 ? `${first?.tier} job ${first?.jobId}` : `${targets.length} jobs of ${first?.tier}`
}
