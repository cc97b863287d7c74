import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { Dismissal } from '../../core/domain/dismissal.ts'
import { type Endpoint, replicaId } from '../../core/domain/endpoint.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import type { Problem } from '../../core/domain/problem.ts'
import { type GatewayRoutes, isUnderstood, names } from '../../core/domain/routes-file.ts'
import { type Errand, type Manner, type Move, planErrand, type RoutedBy, type Sight } from './plan.ts'

/**
 * Undefined answers mean: not known now ("unknown is not none", docs/design/rules.md). Orders resolve with what went
 * wrong in words, or undefined.
 */
export interface OperatorEffects {
  /** Our jobs, and whether that is all of them. */
  jobs(): Promise<{ readonly jobs: readonly JobView[]; readonly complete: boolean } | undefined>
  /** `problems`: of the files that cannot be read. */
  registry(): Promise<{ readonly endpoints: readonly Endpoint[]; readonly problems: readonly Problem[] } | undefined>
  routes(): Promise<ReadonlyMap<string, GatewayRoutes> | undefined>
  /** Writes the request and signals the batch process. Rejects where it cannot be written: nothing was asked then. */
  ask(replica: string, jobId: string, dismissal: Dismissal): Promise<string | undefined>
  cancel(jobId: string): Promise<string | undefined>
  requeue(jobId: string): Promise<string | undefined>
}

export interface OperatorOptions {
  readonly errands: readonly Errand[]
  readonly manner: Manner
  readonly withinSeconds: number | undefined
  readonly effects: OperatorEffects
  /** Called for each change. */
  tell(errand: Errand, words: string): void
  /** The beats of gateways that were seen to stand still before. */
  readonly stillBeats?: ReadonlyMap<string, number>
  readonly clock: Clock
  /** Stops the watching; what was asked for goes on. */
  readonly signal: AbortSignal
}

export interface Outcome {
  readonly errand: Errand
  readonly isDone: boolean
  readonly words: string
  /** Why it could not be asked, where nothing was asked of it before either. */
  readonly notAsked?: string | undefined
}

const LOOK_MS = 1_000
/** Slurm is asked this often while only it can tell more, and seldom while an engine still drains. */
const ASK_SLURM_MS = 2_000
const SELDOM_MS = 15_000
/** A signal may be lost with its node's slurmd; an order, with its answer. */
const AGAIN_MS = 10_000
/** A gateway beats every few seconds. */
const SILENT_MS = 20_000

/** What would be done first, with nothing done. */
export async function lookOnce(
  options: Pick<OperatorOptions, 'errands' | 'manner' | 'effects'>,
): Promise<readonly Outcome[]> {
  const { errands, effects } = options
  const sights = await seeAll({ errands, effects, jobs: await effects.jobs(), asked: new Set(), isSilent: () => false })
  return sights.map(({ errand, sight }) => outcomeOf(errand, planErrand(errand, options.manner, sight)))
}

/**
 * Sends every job away and watches until all of them have gone, the signal aborts, or a request could not be written: whoever
 * gave the order can mend that, and give it again.
 */
export async function sendAway(options: OperatorOptions): Promise<readonly Outcome[]> {
  const { manner, effects, clock, signal } = options
  const asked = new Set<string>()
  const acts = new Map<string, { at: number; trouble: string | undefined }>()
  const given = new Set<string>()
  const told = new Map<string, string>()
  let isUnwritten = false
  const beats = new Map<string, { beat: number; since: number }>()
  let outcomes: readonly Outcome[] = options.errands.map(errand => ({ errand, isDone: false, words: '' }))
  let jobs = await effects.jobs()
  let askedSlurmAt = clock.now()

  for (;;) {
    const left = outcomes.filter(one => !one.isDone).map(one => one.errand)
    const sights = await seeAll({ errands: left, effects, jobs, asked, isSilent })
    const moved = await Promise.all(sights.map(one => move(one.errand, one.sight)))
    outcomes = outcomes.map(one => moved.find(other => other.errand === one.errand) ?? one)
    if (signal.aborted || isUnwritten || outcomes.every(one => one.isDone)) return outcomes
    await clock.sleep(LOOK_MS, signal)
    const draining = sights.every(one => one.sight.endpoints?.some(endpoint => endpoint.state !== 'failed') === true)
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

  async function move(errand: Errand, sight: Sight): Promise<Outcome> {
    const next = planErrand(errand, manner, sight)
    let unwritten: string | undefined
    const trouble = await act(errand, next, sight).catch(error => {
      isUnwritten = true
      unwritten = messageOf(error)
      return unwritten
    })
    const words = trouble === undefined ? next.words : `${next.words}: ${trouble}`
    if (told.get(errand.jobId) !== words) options.tell(errand, words)
    told.set(errand.jobId, words)
    const isNew = unwritten !== undefined && !given.has(errand.jobId)
    return { ...outcomeOf(errand, next), words, ...(isNew ? { notAsked: unwritten } : {}) }
  }

  /** An order is given once, and again only when nothing has come of it for a while. */
  async function act(errand: Errand, { kind }: Move, { job }: Sight): Promise<string | undefined> {
    if (kind === 'wait' || kind === 'done' || typeof job !== 'object') return undefined
    const replica = replicaId({ tier: errand.tier, jobId: errand.jobId, restarts: job.restarts })
    const before = acts.get(`${kind} ${replica}`)
    if (before !== undefined && clock.now() - before.at < AGAIN_MS) return before.trouble
    const trouble = await give(kind, errand, replica)
    acts.set(`${kind} ${replica}`, { at: clock.now(), trouble })
    if (kind === 'ask' && trouble === undefined) asked.add(replica)
    given.add(errand.jobId)
    return trouble
  }

  function give(kind: 'ask' | 'cancel' | 'requeue', errand: Errand, replica: string): Promise<string | undefined> {
    if (kind === 'cancel') return effects.cancel(errand.jobId)
    if (kind === 'requeue') return effects.requeue(errand.jobId)
    return effects.ask(replica, errand.jobId, {
      comeBack: manner === 'requeue',
      withinSeconds: options.withinSeconds,
    })
  }
}

interface Seeing {
  readonly errands: readonly Errand[]
  readonly effects: OperatorEffects
  readonly jobs: Awaited<ReturnType<OperatorEffects['jobs']>>
  readonly asked: ReadonlySet<string>
  readonly isSilent: IsSilent
}

/** Whether a gateway's beat has stood still for long, as far as was watched. */
type IsSilent = (gateway: string, beat: number) => boolean

async function seeAll({
  errands,
  effects,
  jobs,
  asked,
  isSilent,
}: Seeing): Promise<{ errand: Errand; sight: Sight }[]> {
  const registry = await effects.registry()
  const routes = await effects.routes()
  return errands.map(errand => {
    const endpoints = registry?.endpoints.filter(one => one.job.id === errand.jobId)
    const job = jobs?.jobs.find(one => one.id === errand.jobId) ?? (jobs?.complete === true ? 'forgotten' : undefined)
    const unread = registry && typeof job === 'object' ? problemOf(errand, job.restarts, registry.problems) : undefined
    return { errand, sight: { job, endpoints, unread, routedBy: routedBy(endpoints, routes, isSilent), asked } }
  })
}

/** Of a file by the name of one of its endpoints. */
function problemOf({ tier, jobId }: Errand, restarts: number, problems: readonly Problem[]): string | undefined {
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

function outcomeOf(errand: Errand, move: Move): Outcome {
  return { errand, isDone: move.kind === 'done', words: move.words }
}
