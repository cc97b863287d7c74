import { KEPT_SECONDS } from '../../core/domain/kill-wait.ts'
import type { NoticeVerdict } from '../../core/domain/notice.ts'
import type { DrainRequest } from '../../core/domain/replica-request.ts'
import { type Terms, tighten } from './drain.ts'
import { stepEndpoint } from './endpoint-machine.ts'
import {
  type EndpointAction,
  type EndpointEvent,
  type EndpointMachineState,
  isEnding,
  NEW_ENDPOINT,
  type RecordAction,
} from './endpoint-state.ts'

/**
 * What one replica does, as a pure function of its events: a job whose endpoints start, fail and serve each on its own, and leave
 * together.
 *
 * ```
 *  new ─start─► up ──all endpoints over──► leaving ──taken, and TERM or none in time──► gone
 * ```
 *
 * A notice is for the replica and reaches all endpoints. The replica leaves when all endpoints are over, and gives its node back
 * when all have failed. A TERM before Slurm's answer to the last act does not end the replica yet.
 */
export interface ReplicaState {
  readonly phase: 'new' | 'up' | 'leaving' | 'gone'
  readonly endpoints: readonly EndpointMachineState[]
  /** Its terms of leaving, as far as known; undefined: it need not leave. */
  readonly notice: Terms | undefined
  /** leaving: the time after which no TERM is expected, or after a TERM no answer. */
  readonly dueAt: number
  /** leaving: the order to Slurm, until Slurm has taken it. */
  readonly pending: 'requeue' | 'cancel' | undefined
  /** When to ask Slurm again for the reason of the notice step's end. */
  readonly askAt: number | undefined
  /** Slurm's TERM has reached the batch process, which must end. */
  readonly gotTerm: boolean
  /** The last act that an operator requested; later answers of Slurm do not change it. */
  readonly requestedAct: 'requeue' | 'cancel' | undefined
}

/** An event of one endpoint carries its index. */
export type ReplicaEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'unfit'; readonly message: string }
  | { readonly kind: 'endpoint'; readonly index: number; readonly event: EndpointEvent }
  | { readonly kind: 'notice step ended' }
  | { readonly kind: 'verdict'; readonly verdict: NoticeVerdict; readonly heardAt: number }
  | { readonly kind: 'term' }
  | { readonly kind: 'drain requested'; readonly request: DrainRequest }
  /** Slurm has taken the order for the last act. */
  | { readonly kind: 'taken' }
  /** Slurm shows that the job is no longer ours. */
  | { readonly kind: 'left' }
  | { readonly kind: 'tick' }

export type ReplicaAction =
  | { readonly kind: 'endpoint'; readonly index: number; readonly action: EndpointAction }
  | { readonly kind: 'listen' }
  | { readonly kind: 'ask slurm' }
  | { readonly kind: 'leave'; readonly how: 'requeue' | 'cancel' }
  | RecordAction
  | { readonly kind: 'end' }

export interface ReplicaLimits {
  readonly loadTimeoutMs: number
  /** Slurm's KillWait: the time after a TERM. */
  readonly killWaitMs: number
}

export type Step = readonly [ReplicaState, readonly ReplicaAction[]]

export function newReplica(endpoints: number): ReplicaState {
  return {
    phase: 'new',
    endpoints: Array.from({ length: endpoints }, () => NEW_ENDPOINT),
    notice: undefined,
    dueAt: 0,
    pending: undefined,
    askAt: undefined,
    gotTerm: false,
    requestedAct: undefined,
  }
}

const KEPT_MS = KEPT_SECONDS * 1_000
const ASK_AGAIN_MS = 2_000
/** After a TERM the wait for an answer of Slurm ends when this much of KillWait is left, or half of a short KillWait. */
const LAST_MS = 2 * KEPT_MS

/** `now` is the loop's monotonic clock in milliseconds. Events that do not matter in a phase change nothing. */
export function step(state: ReplicaState, event: ReplicaEvent, now: number, limits: ReplicaLimits): Step {
  switch (event.kind) {
    case 'start': {
      const [begun, actions] = stepEndpoints({ ...state, phase: 'up' }, { kind: 'start' }, now, limits)
      return [begun, [{ kind: 'listen' }, ...actions]]
    }
    case 'unfit':
      return onUnfit(state, event.message)
    case 'endpoint':
      return stepEndpoints(state, event.event, now, limits, event.index)
    case 'notice step ended':
      return isLeaving(state) ? [state, []] : [state, [{ kind: 'ask slurm' }]]
    case 'verdict':
      return onVerdict(state, event.verdict, event.heardAt, now, limits)
    case 'term':
      return onTerm(state, now, limits)
    case 'drain requested':
      return onDrainRequest(state, event.request, now, limits)
    case 'taken':
      return state.gotTerm ? end(state) : [{ ...state, pending: undefined }, []]
    case 'left':
      // The TERM that follows ends us. If none comes, Slurm has lost us, and we end without it.
      return state.gotTerm ? end(state) : [{ ...state, pending: undefined, dueAt: now + limits.killWaitMs }, []]
    case 'tick':
      return onTick(state, now, limits)
  }
}

/** Passes an event to one endpoint or to all. The replica leaves when the last of them is over. */
function stepEndpoints(
  state: ReplicaState,
  event: EndpointEvent,
  now: number,
  limits: ReplicaLimits,
  index?: number,
): Step {
  const endpoints = [...state.endpoints]
  const actions: ReplicaAction[] = []
  for (const [at, endpoint] of endpoints.entries()) {
    if (at !== (index ?? at)) continue
    const [next, asked] = stepEndpoint(endpoint, event, now, limits.loadTimeoutMs)
    endpoints[at] = next
    actions.push(...asked.map(action => ({ kind: 'endpoint', index: at, action }) as const))
  }
  const stepped = { ...state, endpoints }
  if (state.phase !== 'up' || !endpoints.every(one => one.phase === 'over')) return [stepped, actions]
  const [left, last] = depart(stepped)
  return [left, [...actions, ...last]]
}

/** The last act, when all endpoints are over. */
function depart(state: ReplicaState): Step {
  const failed = state.endpoints.flatMap((one, index) => (one.afterStop === 'fail' ? [index] : []))
  if (failed.length === state.endpoints.length) return giveBack(state, null)
  const withdrawals = failed.map(index => ({ kind: 'endpoint', index, action: { kind: 'withdraw' } }) as const)
  // Without a last act the job has ended already, or belongs to a later run: Slurm gets no order.
  const how = state.requestedAct ?? (state.notice?.requeue === true ? 'requeue' : undefined)
  if (state.gotTerm || how === undefined) return end(state, withdrawals)
  return [leaving(state, how), [...withdrawals, { kind: 'leave', how }]]
}

/** No endpoint here can serve; the endpoint files stay, with the reason. */
function giveBack(state: ReplicaState, message: string | null): Step {
  const record = { kind: 'record', event: 'failed', detail: { message } } as const
  return [leaving(state, 'cancel'), [record, { kind: 'leave', how: 'cancel' }]]
}

function leaving(state: ReplicaState, pending: 'requeue' | 'cancel'): ReplicaState {
  return { ...state, phase: 'leaving', pending, dueAt: Number.POSITIVE_INFINITY }
}

function onUnfit(state: ReplicaState, message: string): Step {
  const publish = { kind: 'publish', state: 'failed', models: [], message } as const
  const published = state.endpoints.map((_, index) => ({ kind: 'endpoint', index, action: publish }) as const)
  const [left, actions] = giveBack(state, message)
  return [left, [...published, ...actions]]
}

function onVerdict(
  state: ReplicaState,
  verdict: NoticeVerdict,
  heardAt: number,
  now: number,
  limits: ReplicaLimits,
): Step {
  if (isLeaving(state)) return [state, []]
  const asked: ReplicaState = { ...state, askAt: undefined }
  switch (verdict.kind) {
    case 'stay': {
      if (state.gotTerm) return [asked, []]
      if (state.notice === undefined || state.requestedAct !== undefined) return [asked, [{ kind: 'listen' }]]
      const [stayed, actions] = stepEndpoints({ ...asked, notice: undefined }, { kind: 'stay' }, now, limits)
      return [stayed, [...actions, { kind: 'listen' }]]
    }
    case 'unknown': {
      const terms = { cause: undefined, deadlineAt: undefined, requeue: false }
      return notice({ ...asked, askAt: now + ASK_AGAIN_MS }, terms, now, limits)
    }
    case 'leave': {
      const leftMs = verdict.secondsLeft === undefined ? limits.killWaitMs : verdict.secondsLeft * 1_000
      const deadlineAt = heardAt + Math.max(0, leftMs - KEPT_MS)
      const requeue = verdict.requeue && state.requestedAct !== 'cancel'
      return notice(asked, { cause: verdict.cause, deadlineAt, requeue }, now, limits)
    }
  }
}

/** Slurm's TERM: the job has ended, only KillWait is left, and we can no longer decide about a requeue. */
function onTerm(state: ReplicaState, now: number, limits: ReplicaLimits): Step {
  const gotTerm: ReplicaState = { ...state, gotTerm: true }
  if (state.phase === 'leaving' && state.pending !== undefined) {
    const dueAt = now + Math.max(limits.killWaitMs - LAST_MS, limits.killWaitMs / 2)
    return [{ ...gotTerm, dueAt: Math.min(state.dueAt, dueAt) }, []]
  }
  if (state.phase !== 'up') return end(gotTerm)
  const cause = state.notice?.cause
  const deadlineAt = now + Math.max(0, limits.killWaitMs - KEPT_MS)
  const [noticed, actions] = notice(gotTerm, { cause, deadlineAt, requeue: false }, now, limits)
  return [noticed, cause === undefined ? [...actions, { kind: 'ask slurm' }] : actions]
}

/** An operator's notice: Slurm sets no deadline here, so there is one only if the operator set it. */
function onDrainRequest(state: ReplicaState, request: DrainRequest, now: number, limits: ReplicaLimits): Step {
  const { requeue, withinSeconds } = request
  // Before the start there cannot be a request (no endpoint file yet); after the last act it is too late.
  if (state.phase !== 'up') return [state, []]
  const noted: ReplicaState = { ...state, requestedAct: requeue ? 'requeue' : 'cancel' }
  if (isLeaving(state)) return [noted, []]
  const deadlineAt = withinSeconds === undefined ? undefined : now + withinSeconds * 1_000
  return notice(noted, { cause: 'operator', deadlineAt, requeue }, now, limits)
}

/** Newer terms: every endpoint gets them. */
function notice(state: ReplicaState, terms: Terms, now: number, limits: ReplicaLimits): Step {
  const known = state.notice === undefined ? terms : tighten(state.notice, terms, state.gotTerm)
  return stepEndpoints({ ...state, notice: known }, { kind: 'noticed', terms, gotTerm: state.gotTerm }, now, limits)
}

function onTick(state: ReplicaState, now: number, limits: ReplicaLimits): Step {
  if (state.phase === 'leaving') return now >= state.dueAt ? endUntaken(state) : [state, []]
  if (state.phase !== 'up') return [state, []]
  const [ticked, actions] = stepEndpoints(state, { kind: 'tick' }, now, limits)
  if (ticked.askAt === undefined || now < ticked.askAt || isLeaving(ticked)) return [ticked, actions]
  return [{ ...ticked, askAt: undefined }, [...actions, { kind: 'ask slurm' }]]
}

/** Slurm may have taken the order all the same, so the event reports only that there was no answer. */
function endUntaken(state: ReplicaState): Step {
  if (state.pending === undefined) return end(state)
  const detail = { what: state.pending, error: 'No answer from Slurm until the end of the job' }
  return end(state, [{ kind: 'record', event: 'cannot', detail }])
}

function end(state: ReplicaState, first: readonly ReplicaAction[] = []): Step {
  return [{ ...state, phase: 'gone' }, [...first, { kind: 'end' }]]
}

/** The drain has ended, so a verdict has no effect. */
function isLeaving({ phase, endpoints }: ReplicaState): boolean {
  return phase === 'leaving' || phase === 'gone' || endpoints.every(isEnding)
}
