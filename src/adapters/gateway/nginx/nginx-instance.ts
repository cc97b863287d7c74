import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import type { ListeningSocket } from '../../system/tcp-table.ts'
import type { Gateway, RunningGateway } from '../gateway.ts'
import type { NginxBuild } from './nginx-build.ts'
import type { NginxProcess } from './nginx-processes.ts'

/**
 * The nginx of the gateway, and how it gets a generation. There are two kinds: a private one, which Sluice starts and ends, and
 * the system's, which has other sites and in which one file is ours.
 */
export interface NginxInstance {
  /** @throws when there is no usable nginx. */
  look(): Promise<Sight>
  /** Whether this master lives, answers this generation, and would run it again after a restart. */
  stillRuns(master: NginxProcess, generation: number): Promise<boolean>
  /** Rotates the gateway's logs where the site does not. */
  rotateLogs(): Promise<void>
  /**
   * Tests a written generation before anything changes.
   *
   * @throws with nginx's own words when it is refused.
   */
  test(generation: number, model: GatewayModel, sight: Sight): Promise<void>
  /** The sockets on which nginx already listens for the gateway: a reload need not open those addresses. */
  listeners(sight: Sight): Promise<readonly ListeningSocket[]>
  /** Makes nginx read a generation at its next load; undefined: none. The running nginx does not change. */
  install(generation: number | undefined): Promise<void>
  /**
   * Tests the whole configuration that nginx reads next, with the installed generation.
   *
   * @throws with nginx's own words when it would refuse it.
   */
  check(generation: number): Promise<void>
  /**
   * Makes nginx run the installed generation, and waits until it does and older ones do not (`awaitGeneration`). Returns its master.
   *
   * @throws when it does not; then either may run.
   */
  load(generation: number | undefined, signal: AbortSignal): Promise<NginxProcess | undefined>
  /** Records that this generation runs alone, for the next updater after a crash. */
  keep(generation: number): Promise<void>
  /** All of its processes that may have a request of the gateway, old ones too. */
  workers(): Promise<readonly NginxProcess[]>
  running(signal: AbortSignal): Promise<RunningGateway | undefined>
  stop: Gateway['stop']
}

/** The running state at one moment. */
export interface Sight {
  /** Undefined when there is none, or more than one. */
  readonly master: NginxProcess | undefined
  readonly build: NginxBuild
  /** The generation that a worker answers; undefined when none does. */
  readonly answer: number | undefined
  /** Whether only that generation accepts, and nginx would run it again after a restart. */
  readonly isSettled: boolean
  /** Whether this still holds, as far as can be seen: no other generation was loaded meanwhile. */
  isStill(): Promise<boolean>
}
