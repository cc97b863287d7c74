import type { EngineHealth } from '../../core/engines/engine.ts'
import type { Looked } from './drain.ts'
import { endLate, lookAtDrain, onNotice, onStay } from './endpoint-drain.ts'
import {
  type EndpointEvent,
  type EndpointMachineState,
  type EndpointStep,
  publish,
  record,
  stop,
} from './endpoint-state.ts'
import { isHopeless } from './hopeless.ts'
import { fallIll, lookAtUnwell, type Unwell } from './unwell.ts'

const EXIT_WINDOW_MS = 600_000
const MOST_RESTARTS = 5
const LONGEST_REST_MS = 60_000
/**
 * Bad health checks in a row that make a serving engine unwell ("processes decide health", docs/design/rules.md). Its answers may
 * still be right.
 */
const MOST_ERRORS = 3

/**
 * What one endpoint of a replica does, as a pure function of its events:
 *
 * ```
 *  new ─► loading ──ready──► ready ──noticed──► draining ──drained or late──► stopping ─► over
 *          ▲   │               │ ▲                 │ stay                        ▲          │ stay
 *          │   │ exit          │ └──────◄──────────┘                             │          ▼
 *          │   ▼               ▼ exit                                            │       resting
 *          └─ resting ◄────────┘ ── the sixth exit in ten minutes, or a hopeless one: failed
 * ```
 *
 * A notice before the engine serves leads straight to stopping. A ready engine may be unwell: it is restarted only once it serves
 * no request.
 *
 * `now` is the loop's monotonic clock in milliseconds. Events that do not matter in a phase change nothing.
 */
export function stepEndpoint(
  state: EndpointMachineState,
  event: EndpointEvent,
  now: number,
  loadTimeoutMs: number,
): EndpointStep {
  switch (event.kind) {
    case 'start':
      return begin(state, now, loadTimeoutMs)
    case 'health':
      return onHealth(state, event.health, now, loadTimeoutMs)
    case 'exited':
      return onExit(state, event.message, now)
    case 'looked':
      return onLooked(state, event.looked, now)
    case 'stopped':
      return onStopped(state, now)
    case 'tick':
      return onTick(state, now, loadTimeoutMs)
    case 'noticed':
      return onNotice(state, event.terms, event.gotTerm, now)
    case 'stay':
      return onStay(state, now)
  }
}

function begin(state: EndpointMachineState, now: number, loadTimeoutMs: number): EndpointStep {
  return [
    { ...state, phase: 'loading', errors: 0, reported: undefined, dueAt: now + loadTimeoutMs },
    [{ kind: 'start engine' }, publish('loading', 'Waiting for the engine to answer')],
  ]
}

function onHealth(state: EndpointMachineState, health: EngineHealth, now: number, loadTimeoutMs: number): EndpointStep {
  if (state.phase === 'loading') {
    if (health.kind === 'ready') {
      return [
        { ...state, phase: 'ready', models: health.models, errors: 0 },
        [publish('ready', null, health.models), record('ready', { models: health.models.length })],
      ]
    }
    if (health.kind === 'loading' && health.load.length > 0)
      return [state, [{ kind: 'load models', models: health.load }]]
    if (health.kind === 'failed' || health.kind === 'broken') return restart(state, health.message, now)
    if (health.kind === 'copying') {
      // Loading begins when it ends.
      const reported = state.reported === health.message ? [] : [publish('loading', health.message)]
      return [{ ...state, reported: health.message, dueAt: now + loadTimeoutMs }, reported]
    }
    return [state, []]
  }
  if (state.phase !== 'ready') return [state, []]
  switch (health.kind) {
    case 'broken':
      return restart(state, health.message, now)
    case 'failed':
    case 'refused':
    case 'erring':
      return onBadHealth(state, health, now)
    case 'silent':
    case 'busy':
      return [state, []] // a timeout or a 503 is load, not death ("processes decide health", docs/design/rules.md)
    case 'copying':
    case 'loading':
      return [state, []] // a model is loading again; its next answer shows the result
    default:
      return state.unwell === undefined
        ? [{ ...state, errors: 0 }, []]
        : [{ ...state, errors: 0, unwell: undefined }, [publish('ready', null, state.models), record('well again', {})]]
  }
}

type BadHealth = Extract<EngineHealth, { kind: 'failed' | 'refused' | 'erring' }>

/** A bad health check alone does not end a serving engine: processes decide that. */
function onBadHealth(state: EndpointMachineState, health: BadHealth, now: number): EndpointStep {
  const errors = state.errors + 1
  const counted = { ...state, errors }
  const refuses = health.kind === 'refused'
  const message = refuses ? `Refuses connections: ${health.message}` : health.message
  if (state.unwell !== undefined) return [{ ...counted, unwell: { ...state.unwell, message, refuses } }, []]
  if (errors >= MOST_ERRORS) {
    return [
      { ...counted, unwell: fallIll(message, refuses, now) },
      [{ ...publish('ready', `Unwell: ${message}`, state.models), unwell: true }, record('engine unwell', { message })],
    ]
  }
  if (health.kind !== 'failed' || health.reload.length === 0) return [counted, []]
  return [counted, [record('model failed', { message }), { kind: 'load models', models: health.reload }]]
}

/** The engine must be restarted: withdrawn at once, stopped, and the stop counts as an exit. */
function restart(state: EndpointMachineState, message: string, now: number): EndpointStep {
  const [counted, afterStop] = countExit({ ...state, unwell: undefined }, now)
  return stop(counted, afterStop, [
    publish(afterStop === 'fail' ? 'failed' : 'loading', message),
    record('engine unfit', { message }),
  ])
}

function onExit(state: EndpointMachineState, message: string, now: number): EndpointStep {
  // First the rest of its process group is ended, also after an exit of its own.
  if (state.phase === 'draining') return stop(state, 'leave', [record('engine exited', { message, while: 'draining' })])
  if (state.phase !== 'loading' && state.phase !== 'ready') return [state, []]
  const [counted, counts] = countExit(state, now)
  const afterStop = state.phase === 'loading' && isHopeless(message) ? 'fail' : counts
  return stop({ ...counted, unwell: undefined }, afterStop, [
    publish(afterStop === 'fail' ? 'failed' : 'loading', message),
    record('engine exited', { message, exits: counted.exits.length }),
  ])
}

/** It serves no request and has been unwell for long: a restart may help. The job is never given up for it. */
function restartUnwell(state: EndpointMachineState, { message }: Unwell, now: number): EndpointStep {
  const [counted] = countExit({ ...state, unwell: undefined }, now)
  return stop(counted, 'rest', [publish('loading', message), record('engine unfit', { message })])
}

/** It is started again after 1, 2, 4 … 60 s, but only five times in ten minutes. */
function countExit(state: EndpointMachineState, now: number): [EndpointMachineState, 'rest' | 'fail'] {
  const recent = state.exits.filter(at => now - at < EXIT_WINDOW_MS)
  const streak = recent.length === 0 ? 1 : state.streak + 1
  const restMs = Math.min(LONGEST_REST_MS, 1_000 * 2 ** (streak - 1))
  const counted = { ...state, exits: [...recent, now], streak, dueAt: now + restMs, errors: 0, models: [] }
  return [counted, recent.length < MOST_RESTARTS ? 'rest' : 'fail']
}

function onLooked(state: EndpointMachineState, looked: Looked, now: number): EndpointStep {
  if (state.phase === 'ready' && state.unwell !== undefined) {
    const [unwell, then] = lookAtUnwell(state.unwell, looked, now)
    if (then === 'restart') return restartUnwell(state, unwell, now)
    const reported = then === 'stay' ? [] : [publish('draining', `Unwell: ${unwell.message}`, state.models)]
    return [{ ...state, unwell }, reported]
  }
  return lookAtDrain(state, looked, now)
}

function onStopped(state: EndpointMachineState, now: number): EndpointStep {
  if (state.phase !== 'stopping') return [state, []]
  switch (state.afterStop) {
    case 'rest':
      return [{ ...state, phase: 'resting' }, [record('resting', { ms: Math.round(state.dueAt - now) })]]
    case 'fail':
      return [{ ...state, phase: 'over' }, []] // its file stays, with the reason
    case 'leave':
      return [{ ...state, phase: 'over' }, [{ kind: 'withdraw' }]]
  }
}

function onTick(state: EndpointMachineState, now: number, loadTimeoutMs: number): EndpointStep {
  if (state.phase === 'resting' && now >= state.dueAt) return begin(state, now, loadTimeoutMs)
  if (state.phase === 'loading' && now >= state.dueAt) {
    return restart(state, `Not ready within ${loadTimeoutMs / 1_000} s (loadTimeoutSeconds)`, now)
  }
  return endLate(state, now)
}
