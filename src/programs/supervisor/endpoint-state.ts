import type { EndpointState } from '../../core/domain/endpoint.ts'
import type { EngineHealth } from '../../core/engines/engine.ts'
import type { Drain, Looked, Terms } from './drain.ts'
import type { Unwell } from './unwell.ts'

/** The state of one endpoint of a replica; endpoint-machine.ts has its transitions. */
export interface EndpointMachineState {
  readonly phase: 'new' | 'loading' | 'ready' | 'resting' | 'draining' | 'stopping' | 'over'
  /** Times of the engine's own exits within the last ten minutes, milliseconds of the loop's clock. */
  readonly exits: readonly number[]
  /** Exits in a row, each within ten minutes of the one before. */
  readonly streak: number
  /** loading: the deadline; resting: the time of the next start. */
  readonly dueAt: number
  /** Bad health checks in a row: refusals, errors, failures of a model. */
  readonly errors: number
  /** ready: its bad health, if any. */
  readonly unwell: Unwell | undefined
  readonly models: readonly string[]
  /** The last reported progress of the copy of its model. */
  readonly reported: string | undefined
  readonly drain: Drain | undefined
  /** What follows once the engine has stopped; in phase over, what has followed. */
  readonly afterStop: 'leave' | 'rest' | 'fail'
}

export type EndpointEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'health'; readonly health: EngineHealth }
  | { readonly kind: 'exited'; readonly message: string }
  | { readonly kind: 'looked'; readonly looked: Looked }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'tick' }
  /** The replica must leave, or has newer terms; `gotTerm`: Slurm's TERM has come. */
  | { readonly kind: 'noticed'; readonly terms: Terms; readonly gotTerm: boolean }
  /** The replica need not leave after all. */
  | { readonly kind: 'stay' }

export type EndpointAction =
  | { readonly kind: 'start engine' }
  | { readonly kind: 'load models'; readonly models: readonly string[] }
  | { readonly kind: 'stop engine' }
  | {
      readonly kind: 'publish'
      readonly state: EndpointState
      readonly models: readonly string[]
      readonly message: string | null
      /** Ready, but other endpoints should get requests first. */
      readonly unwell?: true
    }
  | { readonly kind: 'withdraw' }
  | RecordAction

export interface RecordAction {
  readonly kind: 'record'
  readonly event: string
  readonly detail: Readonly<Record<string, unknown>>
}

export type EndpointStep = readonly [EndpointMachineState, readonly EndpointAction[]]

export const NEW_ENDPOINT: EndpointMachineState = {
  phase: 'new',
  exits: [],
  streak: 0,
  dueAt: 0,
  errors: 0,
  unwell: undefined,
  models: [],
  reported: undefined,
  drain: undefined,
  afterStop: 'leave',
}

/** No process of it runs, and none will be started without another event. */
export function isEnding({ phase, afterStop }: EndpointMachineState): boolean {
  return phase === 'over' || (phase === 'stopping' && afterStop === 'leave')
}

/** The engine is stopped, after `first`; `afterStop` is what follows. */
export function stop(
  state: EndpointMachineState,
  afterStop: EndpointMachineState['afterStop'],
  first: readonly EndpointAction[],
): EndpointStep {
  return [{ ...state, phase: 'stopping', afterStop }, [...first, { kind: 'stop engine' }]]
}

export function publish(state: EndpointState, message: string | null, models: readonly string[] = []) {
  return { kind: 'publish', state, models, message } as const
}

export function record(event: string, detail: Readonly<Record<string, unknown>>): RecordAction {
  return { kind: 'record', event, detail }
}
