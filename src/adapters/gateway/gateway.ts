import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { EndedSockets } from '../system/end-sockets.ts'

/**
 * One nginx ("what is on disk runs" and "two deliveries at most", docs/design/rules.md), private or the system's
 * (`NginxInstance`). It outlives this process. The next `apply` starts from any state that a crash of ours or nginx's left. Calls
 * run one after the other.
 */
export interface Gateway {
  /**
   * Makes nginx run the model: rendered, tested, its new ports probed, swapped in whole, reloaded, verified. Only after
   * `applied` or `unchanged` can no new request reach a server that the model does not name, so only then may its id
   * leave routes/ ("withdraw before you stop", docs/design/rules.md). What may still reach it then is what an old
   * worker had begun to read: idle means no connection, not no route.
   *
   * `keys` holds the keys that the model's servers require; nginx sends each server its own, in place of the client's.
   *
   * A failure is a value. If `restored` is true, the generation from before runs. The next call tries the same model again; the
   * caller decides when.
   *
   * @throws the signal's reason when it aborts, in a state that a crash could also have left.
   */
  apply(model: GatewayModel, signal: AbortSignal, keys?: EngineKeys): Promise<ApplyOutcome>
  /**
   * The model that the running nginx serves; undefined when no worker of ours accepts connections.
   *
   * @throws when an nginx runs and its model cannot be found out ("unknown is not none", docs/design/rules.md).
   */
  running(signal: AbortSignal): Promise<RunningGateway | undefined>
  /**
   * Shuts down the connections of the gateway's workers, also of old ones, to these servers, as if the servers had closed them, so
   * that waiting clients get an error now. Does not wait for other calls. For servers that the model no longer names.
   */
  endStreams(servers: readonly ServerAddress[]): Promise<EndedSockets>
  /**
   * Ends nginx: no new connections, then up to `graceMs` for its requests, then every process ends. An abort ends the grace. In the
   * system's nginx only the gateway's part ends, and requests have no time limit.
   */
  stop(options: { graceMs: number; signal: AbortSignal }): Promise<void>
}

export interface ServerAddress {
  readonly address: string
  readonly port: number
}

export type ApplyOutcome =
  /** nginx itself has confirmed that the model runs already. */
  | { readonly status: 'unchanged'; readonly generation: number }
  /** `reloadMs`: from the signal, or the start, to its verification. */
  | { readonly status: 'applied'; readonly generation: number; readonly reloadMs: number }
  /** `restored`: nginx runs the generation from before, verified; false also when there was none. */
  | { readonly status: 'failed'; readonly step: ApplyStep; readonly message: string; readonly restored: boolean }

export type ApplyStep = 'find nginx' | 'render' | 'write' | 'test' | 'probe ports' | 'swap' | 'load'

export interface RunningGateway {
  readonly generation: number
  readonly model: GatewayModel
  /** The keys that it sends to the model's servers. */
  readonly keys: EngineKeys
}
