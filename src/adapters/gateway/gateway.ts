import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { EndedSockets } from '../system/end-sockets.ts'

/**
 * One nginx ("what is on disk runs" and "two deliveries at most", docs/design/rules.md), which outlives this process: a
 * private one, or the system's (`NginxInstance`). Whatever state a crash left, be it ours or nginx's, the next `apply`
 * starts from there. Calls are done one after the other.
 */
export interface Gateway {
  /**
   * Makes nginx run the model: rendered, tested, its new ports probed, swapped in whole, reloaded, verified. Only after
   * `applied` or `unchanged` can no new request reach a server that the model does not name, so only then may its id
   * leave routes/ ("withdraw before you stop", docs/design/rules.md). What may still reach it then is what an old
   * worker had begun to read: idle means no connection, not no route.
   *
   * `keys` holds those that the model's servers ask for; nginx sends each server its own, in place of what clients send.
   *
   * A failure is a value. What ran before then runs on or again where `restored` is true, and the same model is tried
   * anew by the next call: how soon is the caller's to decide.
   *
   * @throws the signal's reason when it aborts, at a point where a crash could have happened as well.
   */
  apply(model: GatewayModel, signal: AbortSignal, keys?: EngineKeys): Promise<ApplyOutcome>
  /**
   * What the running nginx says that it runs; undefined when nothing of ours accepts connections.
   *
   * @throws when something runs and what it runs cannot be found out: that is not nothing ("unknown is not none",
   * docs/design/rules.md).
   */
  running(signal: AbortSignal): Promise<RunningGateway | undefined>
  /**
   * Shuts down what the gateway's workers have open to these servers, old workers too, as if the servers had closed it:
   * whoever waits for their answers hears of it now. Waits for no other call. For servers that the model no longer names.
   */
  endStreams(servers: readonly ServerAddress[]): Promise<EndedSockets>
  /**
   * Ends nginx: no new connections, then up to `graceMs` for the requests it has, then not one process of it is left.
   * An abort ends the grace. Of the system's nginx only the gateway's part ends, and requests have all the time they want.
   */
  stop(options: { graceMs: number; signal: AbortSignal }): Promise<void>
}

export interface ServerAddress {
  readonly address: string
  readonly port: number
}

export type ApplyOutcome =
  /** The model runs already, and this was asked of nginx itself. */
  | { readonly status: 'unchanged'; readonly generation: number }
  /** `reloadMs`: from the signal, or the start, to its verification. */
  | { readonly status: 'applied'; readonly generation: number; readonly reloadMs: number }
  /** `restored`: what nginx ran before is what it runs, verified; false also when there was nothing before. */
  | { readonly status: 'failed'; readonly step: ApplyStep; readonly message: string; readonly restored: boolean }

export type ApplyStep = 'find nginx' | 'render' | 'write' | 'test' | 'probe ports' | 'swap' | 'load'

export interface RunningGateway {
  readonly generation: number
  readonly model: GatewayModel
  /** That it sends to the model's servers. */
  readonly keys: EngineKeys
}
