import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { type Endpoint, replicaId } from '../../core/domain/endpoint.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import type { Problem } from '../../core/domain/problem.ts'
import type { DrainRequest } from '../../core/domain/replica-request.ts'
import { type GatewayRoutes, isUnderstood, names } from '../../core/domain/routes-file.ts'
import {
  type Manner,
  type Move,
  type ObservedJob,
  planRemoval,
  type RemovalTarget,
  type RoutedBy,
} from './plan-removal.ts'

/**
 * Undefined answers mean: not known now ("unknown is not none", docs/design/rules.md). Orders resolve with the problem in words,
 * or undefined.
 */
export interface RemovalEffects {
  /** Our jobs, and whether the list is complete. */
  jobs(): Promise<{ readonly jobs: readonly JobView[]; readonly complete: boolean } | undefined>
  /** `problems`: the files that cannot be read. */
  registry(): Promise<{ readonly endpoints: readonly Endpoint[]; readonly problems: readonly Problem[] } | undefined>
  routes(): Promise<ReadonlyMap<string, GatewayRoutes> | undefined>
  /** Writes the request and signals the batch process. Rejects where it cannot be written; then there is no request. */
  requestDrain(replica: string, jobId: string, request: DrainRequest): Promise<string | undefined>
  cancel(jobId: string): Promise<string | undefined>
  requeue(jobId: string): Promise<string | undefined>
}

export interface RemovalOptions {
  readonly targets: readonly RemovalTarget[]
  readonly manner: Manner
  readonly withinSeconds: number | undefined
  readonly effects: RemovalEffects
  /** Called for each change. */
  log(target: RemovalTarget, words: string): void
  /** The beats of gateways, to see whether they move. */
  readonly stillBeats?: ReadonlyMap<string, number>
  readonly clock: Clock
  /** Stops the watching; the requests stay in effect. */
  readonly signal: AbortSignal
}

export interface Outcome {
  readonly target: RemovalTarget
  readonly isDone: boolean
  readonly words: string
  /** Why the request could not be written, if there was no earlier one either. */
  readonly notAsked?: string | undefined
}

const LOOK_MS = 1_000
/** Slurm is polled this often while only its answer is missing, and less often while an engine still drains. */
const ASK_SLURM_MS = 2_000
const SELDOM_MS = 15_000
/** A signal or an order may be lost, so it is repeated after this. */
const AGAIN_MS = 10_000
/** A gateway beats every few seconds. */
const SILENT_MS = 20_000

/** The first step for each job, without doing it. */
export async function previewRemoval(
  options: Pick<RemovalOptions, 'targets' | 'manner' | 'effects'>,
): Promise<readonly Outcome[]> {
  const { targets, effects } = options
  const observations = await observeAll({
    targets,
    effects,
    jobs: await effects.jobs(),
    asked: new Set(),
    isSilent: () => false,
  })
  return observations.map(({ target, observed }) => outcomeOf(target, planRemoval(target, options.manner, observed)))
}

/**
 * Removes every job and watches until all of them have gone, the signal aborts, or a request could not be written; then the
 * operator can correct the cause and give the command again.
 */
export async function removeJobs(options: RemovalOptions): Promise<readonly Outcome[]> {
  const { manner, effects, clock, signal } = options
  const asked = new Set<string>()
  const acts = new Map<string, { at: number; trouble: string | undefined }>()
  const given = new Set<string>()
  const logged = new Map<string, string>()
  let isUnwritten = false
  const beats = new Map<string, { beat: number; since: number }>()
  let outcomes: readonly Outcome[] = options.targets.map(target => ({ target, isDone: false, words: '' }))
  let jobs = await effects.jobs()
  let askedSlurmAt = clock.now()

  for (;;) {
    const left = outcomes.filter(one => !one.isDone).map(one => one.target)
    const observations = await observeAll({ targets: left, effects, jobs, asked, isSilent })
    const moved = await Promise.all(observations.map(one => move(one.target, one.observed)))
    outcomes = outcomes.map(one => moved.find(other => other.target === one.target) ?? one)
    if (signal.aborted || isUnwritten || outcomes.every(one => one.isDone)) return outcomes
    await clock.sleep(LOOK_MS, signal)
    const draining = observations.every(
      one => one.observed.endpoints?.some(endpoint => endpoint.state !== 'failed') === true,
    )
    if (clock.now() - askedSlurmAt >= (draining ? SELDOM_MS : ASK_SLURM_MS)) {
      askedSlurmAt = clock.now()
      jobs = await effects.jobs()
    }
  }

  function isSilent(gateway: string, beat: number): boolean {
    if (options.stillBeats?.get(gateway) === beat) return true
    const before = beats.get(gateway)
    if (before?.beat === beat) return clock.now() - before.since >= SILENT_MS
    beats.set(gateway, { beat, since: clock.now() })
    return false
  }

  async function move(target: RemovalTarget, observed: ObservedJob): Promise<Outcome> {
    const next = planRemoval(target, manner, observed)
    let unwritten: string | undefined
    const trouble = await act(target, next, observed).catch(error => {
      isUnwritten = true
      unwritten = messageOf(error)
      return unwritten
    })
    const words = trouble === undefined ? next.words : `${next.words}: ${trouble}`
    if (logged.get(target.jobId) !== words) options.log(target, words)
    logged.set(target.jobId, words)
    const isNew = unwritten !== undefined && !given.has(target.jobId)
    return { ...outcomeOf(target, next), words, ...(isNew ? { notAsked: unwritten } : {}) }
  }

  /** An order is given once, and again only when it has had no effect for a while. */
  async function act(target: RemovalTarget, { kind }: Move, { job }: ObservedJob): Promise<string | undefined> {
    if (kind === 'wait' || kind === 'done' || typeof job !== 'object') return undefined
    const replica = replicaId({ tier: target.tier, jobId: target.jobId, restarts: job.restarts })
    const before = acts.get(`${kind} ${replica}`)
    if (before !== undefined && clock.now() - before.at < AGAIN_MS) return before.trouble
    const trouble = await give(kind, target, replica)
    acts.set(`${kind} ${replica}`, { at: clock.now(), trouble })
    if (kind === 'ask' && trouble === undefined) asked.add(replica)
    given.add(target.jobId)
    return trouble
  }

  function give(
    kind: 'ask' | 'cancel' | 'requeue',
    target: RemovalTarget,
    replica: string,
  ): Promise<string | undefined> {
    if (kind === 'cancel') return effects.cancel(target.jobId)
    if (kind === 'requeue') return effects.requeue(target.jobId)
    return effects.requestDrain(replica, target.jobId, {
      requeue: manner === 'requeue',
      withinSeconds: options.withinSeconds,
    })
  }
}

interface ObserveOptions {
  readonly targets: readonly RemovalTarget[]
  readonly effects: RemovalEffects
  readonly jobs: Awaited<ReturnType<RemovalEffects['jobs']>>
  readonly asked: ReadonlySet<string>
  readonly isSilent: IsSilent
}

/** Whether this command has seen a gateway's beat stand still for long. */
type IsSilent = (gateway: string, beat: number) => boolean

async function observeAll({
  targets,
  effects,
  jobs,
  asked,
  isSilent,
}: ObserveOptions): Promise<{ target: RemovalTarget; observed: ObservedJob }[]> {
  const registry = await effects.registry()
  const routes = await effects.routes()
  return targets.map(target => {
    const endpoints = registry?.endpoints.filter(one => one.job.id === target.jobId)
    const job = jobs?.jobs.find(one => one.id === target.jobId) ?? (jobs?.complete === true ? 'forgotten' : undefined)
    const unread = registry && typeof job === 'object' ? problemOf(target, job.restarts, registry.problems) : undefined
    return { target, observed: { job, endpoints, unread, routedBy: routedBy(endpoints, routes, isSilent), asked } }
  })
}

/** Whether the file has the name of one of the job's endpoints. */
function problemOf({ tier, jobId }: RemovalTarget, restarts: number, problems: readonly Problem[]): string | undefined {
  const prefix = `${replicaId({ tier, jobId, restarts })}-`
  return problems.find(({ file }) => file.slice(file.lastIndexOf('/') + 1).startsWith(prefix))?.message
}

/** A routes file that cannot be understood may name any endpoint. */
function routedBy(
  endpoints: readonly Endpoint[] | undefined,
  routes: ReadonlyMap<string, GatewayRoutes> | undefined,
  isSilent: IsSilent,
): readonly RoutedBy[] | undefined {
  if (endpoints === undefined || routes === undefined) return undefined
  return [...routes].flatMap(([gateway, file]): RoutedBy[] => {
    if (!isUnderstood(file)) return [{ gateway, problem: file.problem }]
    const silent = isSilent(gateway, file.beat)
    return endpoints.some(one => names(file, one.id)) ? [{ gateway, isSilent: silent }] : []
  })
}

function outcomeOf(target: RemovalTarget, move: Move): Outcome {
  return { target, isDone: move.kind === 'done', words: move.words }
}
