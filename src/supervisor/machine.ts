import type { Dismissal } from '../domain/dismissal.ts'
import type { EndpointState } from '../domain/endpoint.ts'
import type { Cause, Verdict } from '../domain/notice.ts'
import type { EngineHealth } from '../engines/engine.ts'
import { type Drain, isIdle, isLate, type Looked, look, shorten } from './drain.ts'

/**
 * What one replica does, as a pure function of what happened:
 *
 * ```
 *  start ─► loading ──ready──► ready ──notice──► draining ──drained or late──► stopping ─► leaving ─► gone
 *            ▲   │               │ │                  │ false alarm
 *            │   │ exit          │ └──────◄───────────┘
 *            │   ▼               ▼ exit
 *            └─ resting ◄────────┘
 *                 └─ the sixth exit in ten minutes ─► failed ─► leaving ─► gone
 * ```
 *
 * A notice that comes before the engine serves anything goes straight to stopping.
 */
export interface ReplicaState {
  readonly phase: 'new' | 'loading' | 'ready' | 'resting' | 'draining' | 'stopping' | 'leaving' | 'gone'
  /** When the engine exited unasked within the last ten minutes, milliseconds of the loop's clock. */
  readonly exits: readonly number[]
  /** How many exits in a row came within ten minutes of the one before. */
  readonly streak: number
  /** loading: when it is too late; resting: when to start again; leaving: when no TERM will come any more. */
  readonly dueAt: number
  /** How many explicit 5xx, or failures of a model, the engine answered in a row. */
  readonly errors: number
  readonly models: readonly string[]
  /** How far the copy of its model was said to be. */
  readonly told: string | undefined
  readonly drain: Drain | undefined
  /** When to ask Slurm again, while it has not said why the ear ended. */
  readonly askAt: number | undefined
  /** What follows once the engine has stopped. */
  readonly afterStop: 'leave' | 'rest' | 'fail'
  /** Slurm's TERM has reached the batch process: nothing is left but to end. */
  readonly termed: boolean
  /** What an operator wants as the last act; it outlives whatever Slurm says meanwhile. */
  readonly dismissed: 'requeue' | 'cancel' | undefined
}

export type ReplicaEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'unfit'; readonly message: string }
  | { readonly kind: 'health'; readonly health: EngineHealth }
  | { readonly kind: 'exited'; readonly message: string }
  | { readonly kind: 'ear ended' }
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly heardAt: number }
  | { readonly kind: 'term' }
  | { readonly kind: 'dismissed'; readonly dismissal: Dismissal }
  | { readonly kind: 'looked'; readonly looked: Looked }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'left' }
  | { readonly kind: 'tick' }

export type ReplicaAction =
  | { readonly kind: 'start engine' }
  | { readonly kind: 'load models'; readonly models: readonly string[] }
  | { readonly kind: 'stop engine' }
  | {
      readonly kind: 'publish'
      readonly state: EndpointState
      readonly models: readonly string[]
      readonly message: string | null
    }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'listen' }
  | { readonly kind: 'ask slurm' }
  | { readonly kind: 'leave'; readonly how: 'requeue' | 'cancel' }
  | { readonly kind: 'record'; readonly event: string; readonly detail: Readonly<Record<string, unknown>> }
  | { readonly kind: 'end' }

export interface ReplicaLimits {
  readonly loadTimeoutMs: number
  /** Slurm's KillWait: what is left after a TERM. */
  readonly killWaitMs: number
}

export type Step = readonly [ReplicaState, readonly ReplicaAction[]]

export const NEW_REPLICA: ReplicaState = {
  phase: 'new',
  exits: [],
  streak: 0,
  dueAt: 0,
  errors: 0,
  models: [],
  told: undefined,
  drain: undefined,
  askAt: undefined,
  afterStop: 'leave',
  termed: false,
  dismissed: undefined,
}

/** Of what Slurm grants, this much is kept for the end (rule 3). */
const KEPT_MS = 5_000
const ASK_AGAIN_MS = 2_000
const EXIT_WINDOW_MS = 600_000
const MOST_RESTARTS = 5
const LONGEST_REST_MS = 60_000
/** Explicit 5xx, or failures of a model, in a row that withdraw a serving engine (rule 5): others may be served meanwhile. */
const MOST_ERRORS = 3

/** `now` is the loop's monotonic clock in milliseconds. Events that do not matter in a phase change nothing. */
export function step(state: ReplicaState, event: ReplicaEvent, now: number, limits: ReplicaLimits): Step {
  switch (event.kind) {
    case 'start':
      return begin(state, now, limits, [{ kind: 'listen' }])
    case 'unfit':
      return fail(state, event.message)
    case 'health':
      return onHealth(state, event.health, now, limits)
    case 'exited':
      return onExit(state, event.message, now)
    case 'ear ended':
      return isLeaving(state) ? [state, []] : [state, [{ kind: 'ask slurm' }]]
    case 'verdict':
      return onVerdict(state, event.verdict, event.heardAt, now, limits)
    case 'term':
      return onTerm(state, now, limits)
    case 'dismissed':
      return onDismissed(state, event.dismissal, now)
    case 'looked':
      return onLooked(state, event.looked, now)
    case 'stopped':
      return onStopped(state, now)
    case 'left':
      // The TERM that follows ends us; if none comes, Slurm has lost us and there is nothing to wait for.
      return [{ ...state, dueAt: now + limits.killWaitMs }, []]
    case 'tick':
      return onTick(state, now, limits)
  }
}

function begin(state: ReplicaState, now: number, limits: ReplicaLimits, first: readonly ReplicaAction[] = []): Step {
  return [
    { ...state, phase: 'loading', errors: 0, told: undefined, dueAt: now + limits.loadTimeoutMs },
    [...first, { kind: 'start engine' }, publish('loading', 'Waiting for the engine to answer')],
  ]
}

function onHealth(state: ReplicaState, health: EngineHealth, now: number, limits: ReplicaLimits): Step {
  if (state.phase === 'loading') {
    if (health.kind === 'ready') {
      return [
        { ...state, phase: 'ready', models: health.models, errors: 0 },
        [publish('ready', null, health.models), record('ready', { models: health.models.length })],
      ]
    }
    if (health.kind === 'loading' && health.load.length > 0)
      return [state, [{ kind: 'load models', models: health.load }]]
    if (health.kind === 'failed') return restart(state, health.message, now)
    if (health.kind === 'copying') {
      // Loading begins when it ends.
      const told = state.told === health.message ? [] : [publish('loading', health.message)]
      return [{ ...state, told: health.message, dueAt: now + limits.loadTimeoutMs }, told]
    }
    return [state, []]
  }
  if (state.phase !== 'ready') return [state, []]
  switch (health.kind) {
    case 'failed': {
      const errors = state.errors + 1
      if (health.reload.length === 0 || errors === MOST_ERRORS) return restart(state, health.message, now)
      const { message, reload } = health
      return [{ ...state, errors }, [record('model failed', { message }), { kind: 'load models', models: reload }]]
    }
    case 'refused':
      return restart(state, `Refuses connections: ${health.message}`, now)
    case 'erring': {
      const errors = state.errors + 1
      return errors < MOST_ERRORS ? [{ ...state, errors }, []] : restart(state, health.message, now)
    }
    case 'silent':
      return [state, []] // a timeout is load, not death (rule 5)
    case 'copying':
    case 'loading':
      return [state, []] // a model that comes back: whether it does is seen once it has
    default:
      return [{ ...state, errors: 0 }, []]
  }
}

/** The engine must go and come again: withdrawn at once, stopped, and the stop counts as an exit. */
function restart(state: ReplicaState, message: string, now: number): Step {
  const [counted, afterStop] = countExit(state, now)
  return [
    { ...counted, phase: 'stopping', afterStop },
    [
      publish(afterStop === 'fail' ? 'failed' : 'loading', message),
      record('engine unfit', { message }),
      { kind: 'stop engine' },
    ],
  ]
}

function onExit(state: ReplicaState, message: string, now: number): Step {
  // What is left of its group is ended before anything else happens, also when it was not asked to exit.
  if (state.phase === 'draining') return stop(state, 'leave', [record('engine exited', { message, while: 'draining' })])
  if (state.phase !== 'loading' && state.phase !== 'ready') return [state, []]
  const [counted, afterStop] = countExit(state, now)
  return stop(counted, afterStop, [
    publish(afterStop === 'fail' ? 'failed' : 'loading', message),
    record('engine exited', { message, exits: counted.exits.length }),
  ])
}

/** It is started again after 1, 2, 4 … 60 s, but only five times in ten minutes. */
function countExit(state: ReplicaState, now: number): [ReplicaState, 'rest' | 'fail'] {
  const recent = state.exits.filter(at => now - at < EXIT_WINDOW_MS)
  const streak = recent.length === 0 ? 1 : state.streak + 1
  const restMs = Math.min(LONGEST_REST_MS, 1_000 * 2 ** (streak - 1))
  const counted = { ...state, exits: [...recent, now], streak, dueAt: now + restMs, errors: 0, models: [] }
  return [counted, recent.length < MOST_RESTARTS ? 'rest' : 'fail']
}

function onVerdict(state: ReplicaState, verdict: Verdict, heardAt: number, now: number, limits: ReplicaLimits): Step {
  if (isLeaving(state)) return [state, []]
  const asked: ReplicaState = { ...state, askAt: undefined }
  switch (verdict.kind) {
    case 'stay':
      if (state.termed) return [asked, []]
      if (state.phase !== 'draining' || state.dismissed !== undefined) return [asked, [{ kind: 'listen' }]]
      return [
        { ...asked, phase: 'ready', drain: undefined },
        [publish('ready', null, state.models), record('false alarm', {}), { kind: 'listen' }],
      ]
    case 'unknown':
      return drain(
        { ...asked, askAt: now + ASK_AGAIN_MS },
        { cause: undefined, deadlineAt: undefined, comeBack: false },
        now,
      )
    case 'leave': {
      const leftMs = verdict.secondsLeft === undefined ? limits.killWaitMs : verdict.secondsLeft * 1_000
      const deadlineAt = heardAt + Math.max(0, leftMs - KEPT_MS)
      const comeBack = verdict.comeBack && state.dismissed !== 'cancel'
      return drain(asked, { cause: verdict.cause, deadlineAt, comeBack }, now)
    }
  }
}

/** Slurm's TERM: the job has ended, KillWait is all there is, and whether it comes back is no longer ours to say. */
function onTerm(state: ReplicaState, now: number, limits: ReplicaLimits): Step {
  const termed: ReplicaState = { ...state, termed: true }
  if (state.phase === 'leaving' || state.phase === 'gone') return end(termed)
  if (state.phase === 'new') return end(termed)
  const deadlineAt = now + Math.max(0, limits.killWaitMs - KEPT_MS)
  const [drained, actions] = drain(termed, { cause: state.drain?.cause, deadlineAt, comeBack: false }, now)
  return [drained, state.drain?.cause === undefined ? [...actions, { kind: 'ask slurm' }] : actions]
}

/** An operator's notice: Slurm waits for nothing here, so there is a deadline only where the operator set one. */
function onDismissed(state: ReplicaState, { comeBack, withinSeconds }: Dismissal, now: number): Step {
  // Before the start nobody can have asked (there is no endpoint file yet); after the last act it is too late.
  if (state.phase === 'new' || state.phase === 'leaving' || state.phase === 'gone') return [state, []]
  const dismissed: ReplicaState = { ...state, dismissed: comeBack ? 'requeue' : 'cancel' }
  if (isLeaving(state)) return [dismissed, []]
  const deadlineAt = withinSeconds === undefined ? undefined : now + withinSeconds * 1_000
  return drain(dismissed, { cause: 'operator', deadlineAt, comeBack }, now)
}

interface Terms {
  readonly cause: Cause | undefined
  readonly deadlineAt: number | undefined
  readonly comeBack: boolean
}

/** Begins a drain, or tightens the one under way; an engine that serves nobody is stopped at once when the cause is known. */
function drain(state: ReplicaState, terms: Terms, now: number): Step {
  if (state.phase === 'draining' && state.drain !== undefined) {
    const tightened = shorten(state.drain, terms, state.termed)
    const told = tightened.cause === state.drain.cause ? [] : [recordDrain(tightened, now)]
    return [{ ...state, drain: tightened }, told]
  }
  const next: Drain = { ...terms, startedAt: now, idleSince: undefined, last: undefined }
  if (state.phase === 'ready') {
    return [
      { ...state, phase: 'draining', drain: next },
      [publish('draining', describe(next), state.models), recordDrain(next, now)],
    ]
  }
  if (terms.cause === undefined && !state.termed) return [state, []] // nothing is routed here: wait for Slurm's word
  if (state.phase === 'stopping') return [{ ...state, drain: next, afterStop: 'leave' }, [recordDrain(next, now)]]
  return stop({ ...state, drain: next }, 'leave', [publish('draining', describe(next)), recordDrain(next, now)])
}

function onLooked(state: ReplicaState, looked: Looked, now: number): Step {
  if (state.phase !== 'draining' || state.drain === undefined) return [state, []]
  const drain = look(state.drain, looked, now)
  const outcome = isLate(drain, now) ? 'deadline' : isIdle(drain, now) ? 'idle' : undefined
  return outcome === undefined ? [{ ...state, drain }, []] : drained({ ...state, drain }, drain, outcome, now)
}

function drained(state: ReplicaState, drain: Drain, outcome: 'idle' | 'deadline', now: number): Step {
  const waitedMs = Math.round(now - drain.startedAt)
  return stop(state, 'leave', [record('drained', { outcome, cause: drain.cause ?? null, waitedMs, ...drain.last })])
}

function stop(state: ReplicaState, afterStop: ReplicaState['afterStop'], first: readonly ReplicaAction[]): Step {
  return [{ ...state, phase: 'stopping', afterStop }, [...first, { kind: 'stop engine' }]]
}

function onStopped(state: ReplicaState, now: number): Step {
  if (state.phase !== 'stopping') return [state, []]
  if (state.afterStop === 'rest')
    return [{ ...state, phase: 'resting' }, [record('resting', { ms: Math.round(state.dueAt - now) })]]
  if (state.afterStop === 'fail') return fail(state, undefined)
  // Without a last act of ours the job has ended already, or is another's: there is nothing left to say to Slurm.
  const how = state.dismissed ?? (state.drain?.comeBack === true ? 'requeue' : undefined)
  if (state.termed || how === undefined) return end(state, [{ kind: 'withdraw' }])
  return [
    { ...state, phase: 'leaving', dueAt: Number.POSITIVE_INFINITY },
    [{ kind: 'withdraw' }, { kind: 'leave', how }],
  ]
}

/** Gives the node back; the endpoint file stays and says why. `message` undefined: it says so already. */
function fail(state: ReplicaState, message: string | undefined): Step {
  const told = message === undefined ? [] : [publish('failed', message)]
  return [
    { ...state, phase: 'leaving', dueAt: Number.POSITIVE_INFINITY },
    [...told, record('failed', { message: message ?? null }), { kind: 'leave', how: 'cancel' }],
  ]
}

function end(state: ReplicaState, first: readonly ReplicaAction[] = []): Step {
  return [{ ...state, phase: 'gone' }, [...first, { kind: 'end' }]]
}

function onTick(state: ReplicaState, now: number, limits: ReplicaLimits): Step {
  if (state.askAt !== undefined && now >= state.askAt && !isLeaving(state)) {
    return [{ ...state, askAt: undefined }, [{ kind: 'ask slurm' }]]
  }
  if (state.phase === 'leaving' && now >= state.dueAt) return end(state)
  if (state.phase === 'resting' && now >= state.dueAt) return begin(state, now, limits)
  if (state.phase === 'loading' && now >= state.dueAt) {
    return restart(state, `Not ready within ${limits.loadTimeoutMs / 1_000} s (loadTimeoutSeconds)`, now)
  }
  if (state.phase === 'draining' && state.drain !== undefined && isLate(state.drain, now))
    return drained(state, state.drain, 'deadline', now)
  return [state, []]
}

/** The drain has ended: a verdict changes nothing any more. */
function isLeaving(state: ReplicaState): boolean {
  return (
    state.phase === 'leaving' || state.phase === 'gone' || (state.phase === 'stopping' && state.afterStop === 'leave')
  )
}

function describe(drain: Drain): string {
  return drain.cause === undefined ? 'Draining: Slurm has not said why' : `Draining: ${drain.cause}`
}

function recordDrain(drain: Drain, now: number): ReplicaAction {
  const ms = drain.deadlineAt === undefined ? null : Math.round(drain.deadlineAt - now)
  return record('draining', { cause: drain.cause ?? null, deadlineMs: ms, comeBack: drain.comeBack })
}

function publish(state: EndpointState, message: string | null, models: readonly string[] = []): ReplicaAction {
  return { kind: 'publish', state, models, message }
}

function record(event: string, detail: Readonly<Record<string, unknown>>): ReplicaAction {
  return { kind: 'record', event, detail }
}
