import {
  beginDrain,
  type Drain,
  isForsaken,
  isIdle,
  isLate,
  type Looked,
  look,
  type Terms,
  tighten,
  unreportedHolders,
} from './drain.ts'
import {
  type EndpointMachineState,
  type EndpointStep,
  isEnding,
  publish,
  type RecordAction,
  record,
  stop,
} from './endpoint-state.ts'

/** Begins a drain, or shortens the one under way. An engine that is not routed is stopped at once when the cause is known. */
export function onNotice(state: EndpointMachineState, terms: Terms, gotTerm: boolean, now: number): EndpointStep {
  if (isEnding(state)) return [state, []]
  if (state.phase === 'draining' && state.drain !== undefined) {
    const drain = tighten(state.drain, terms, gotTerm)
    return [{ ...state, drain }, drain.cause === state.drain.cause ? [] : [recordDrain(drain, now)]]
  }
  const drain = beginDrain(terms, now)
  const reported = [publish('draining', describe(drain), state.models), recordDrain(drain, now)]
  if (state.phase === 'ready') return [{ ...state, phase: 'draining', drain, unwell: undefined, errors: 0 }, reported]
  if (terms.cause === undefined && !gotTerm) return [state, []] // not routed: wait for Slurm's answer
  if (state.phase === 'stopping') return [{ ...state, drain, afterStop: 'leave' }, [recordDrain(drain, now)]]
  return stop({ ...state, drain }, 'leave', reported)
}

/** An engine that still serves goes on; one that was stopped meanwhile is started again. */
export function onStay(state: EndpointMachineState, now: number): EndpointStep {
  const stayed = { ...state, drain: undefined }
  if (state.phase === 'draining') {
    return [{ ...stayed, phase: 'ready' }, [publish('ready', null, state.models), record('false alarm', {})]]
  }
  if (!isEnding(state) || state.afterStop !== 'leave') return [stayed, []]
  return [{ ...stayed, dueAt: now, afterStop: 'rest', phase: state.phase === 'over' ? 'resting' : 'stopping' }, []]
}

/** Ends the drain when the engine is no longer needed, or the time is over. */
export function lookAtDrain(state: EndpointMachineState, looked: Looked, now: number): EndpointStep {
  if (state.phase !== 'draining' || state.drain === undefined) return [state, []]
  const looking = look(state.drain, looked, now)
  const holders = unreportedHolders(looking, now)
  const drain = { ...looking, reported: [...looking.reported, ...holders.map(one => one.gateway)] }
  const reported = holders.map(({ gateway, problem }) =>
    record('drain held', { gateway, why: problem ?? 'It names this endpoint, and its beat stands still' }),
  )
  const isOver = isLate(drain, now)
  const outcome = !isOver && isIdle(drain, now) ? 'idle' : isOver || isForsaken(drain, now) ? 'deadline' : undefined
  if (outcome === undefined) return [{ ...state, drain }, reported]
  const [next, actions] = drained({ ...state, drain }, drain, outcome, now)
  return [next, [...reported, ...actions]]
}

/** At the deadline the drain ends without another look. */
export function endLate(state: EndpointMachineState, now: number): EndpointStep {
  const { phase, drain } = state
  return phase === 'draining' && drain !== undefined && isLate(drain, now)
    ? drained(state, drain, 'deadline', now)
    : [state, []]
}

function drained(state: EndpointMachineState, drain: Drain, outcome: 'idle' | 'deadline', now: number): EndpointStep {
  const waitedMs = Math.round(now - drain.startedAt)
  const { cleared, connections, heldBy } = drain.last ?? {}
  const held = heldBy === undefined || heldBy.length === 0 ? {} : { heldBy: heldBy.map(one => one.gateway) }
  const detail = drain.last === undefined ? {} : { cleared, connections, ...held }
  return stop(state, 'leave', [record('drained', { outcome, cause: drain.cause ?? null, waitedMs, ...detail })])
}

function describe(drain: Drain): string {
  return drain.cause === undefined ? 'Draining: Slurm has not given the cause' : `Draining: ${drain.cause}`
}

function recordDrain(drain: Drain, now: number): RecordAction {
  const ms = drain.deadlineAt === undefined ? null : Math.round(drain.deadlineAt - now)
  return record('draining', { cause: drain.cause ?? null, deadlineMs: ms, comeBack: drain.requeue })
}
