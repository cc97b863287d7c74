import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import type { ListeningSocket } from '../../system/tcp-table.ts'
import type { Gateway, RunningGateway } from '../gateway.ts'
import type { NginxBuild } from './nginx-build.ts'
import type { NginxProcess } from './nginx-processes.ts'

/**
 * The nginx that carries the gateway, and how a generation comes to be what it runs. Two of them: a private one, which is
 * Sluice's to start and to end, and the system's, which has other sites and of which one file is ours.
 */
export interface NginxInstance {
  /** @throws when there is no nginx that could be told to run anything. */
  look(): Promise<Sight>
  /** This master lives and answers this generation, and would run it again if it were started anew. */
  stillRuns(master: NginxProcess, generation: number): Promise<boolean>
  /** Keeps the gateway's logs small where nobody else does. */
  rotateLogs(): Promise<void>
  /**
   * Tests a written generation before anything changes.
   *
   * @throws with nginx's own words when it is refused.
   */
  test(generation: number, model: GatewayModel, sight: Sight): Promise<void>
  /** The sockets on which nginx listens for the gateway already: a reload need not open those addresses. */
  listeners(sight: Sight): Promise<readonly ListeningSocket[]>
  /** Makes a generation what nginx reads next; undefined: none. Nothing that runs changes. */
  install(generation: number | undefined): Promise<void>
  /**
   * Tests all that nginx reads next, now that the generation is installed.
   *
   * @throws with nginx's own words when it would not load that.
   */
  check(generation: number): Promise<void>
  /**
   * Makes nginx run what is installed and waits until it does, and nothing older (`awaitGeneration`). Returns its master.
   *
   * @throws when it does not; then either may run.
   */
  load(generation: number | undefined, signal: AbortSignal): Promise<NginxProcess | undefined>
  /** Notes that this generation was seen to run alone, for whoever comes after a crash. */
  keep(generation: number): Promise<void>
  /** All of its processes that may have a request of the gateway's, old ones too. */
  workers(): Promise<readonly NginxProcess[]>
  running(signal: AbortSignal): Promise<RunningGateway | undefined>
  stop: Gateway['stop']
}

/** What runs at one moment. */
export interface Sight {
  /** Undefined when there is none, or more than one. */
  readonly master: NginxProcess | undefined
  readonly build: NginxBuild
  /** What a worker answers; undefined when none does. */
  readonly answer: number | undefined
  /** Nothing but that generation accepts, and it is what nginx would run if it were started anew. */
  readonly isSettled: boolean
  /** All of this is still so, as far as can be seen: nothing was loaded meanwhile. */
  isStill(): Promise<boolean>
}
