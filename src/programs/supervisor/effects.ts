import type { Beat } from '../../core/domain/beat.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { Load } from '../../core/domain/load.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'
import type { GatewayRoutes } from '../../core/domain/routes-file.ts'
import type { EngineHealth } from '../../core/engines/engine.ts'

/**
 * The shared directory. Each call ends within its own deadline, however the filesystem behaves
 * ("whole files, one call in flight", docs/design/rules.md).
 */
export interface RegistryEffects {
  publish(endpoint: Endpoint): Promise<void>
  /**
   * Whether the file is still the one that was published; `fenced`: it is not, and the place is a later run's. Rejects when
   * that cannot be found out.
   */
  stands(endpoint: Endpoint): Promise<'stands' | 'gone' | 'fenced'>
  remove(id: string): Promise<void>
  beat(beat: Beat): Promise<void>
  /** Every gateway's routes; rejects when they cannot be read. */
  routes(): Promise<ReadonlyMap<string, GatewayRoutes>>
  /**
   * Brings a log of a finished engine to the shared directory, in a serial queue of its own: no other call waits for
   * it.
   */
  keepLog(log: EngineLog): Promise<void>
  /** Takes note of what an engine has printed; touches this node's disk alone. */
  collectLog(log: EngineLog): Promise<void>
  /** Brings what was collected to the shared directory, in the lane of `keepLog`. */
  showLog(log: EngineLog): Promise<void>
}

/** What one process of an engine prints, in a file on this node's own disk. */
export interface EngineLog {
  /** `engine`, or `worker-` and the node. */
  readonly name: string
  readonly path: string
}

/** A started engine, as the loop sees it: one process, or a head and its workers. */
export interface RunningEngine {
  /** Those that run now, as endpoint files name them. */
  processes(): Endpoint['processes']
  /** Where it will answer. */
  readonly url: string
  /** Fingerprint of the key that it asks for; undefined: it asks for none. */
  readonly key?: string | undefined
  readonly exited: Promise<string>
  health(): Promise<EngineHealth>
  /** How busy it is; never rejects, and ends within its own deadline. */
  load(): Promise<Load>
  loadModels(models: readonly string[]): Promise<void>
  /** Established connections of others to its port; undefined when the node does not tell. */
  connections(): Promise<number | undefined>
  /** Resolves when nothing of it is left, with the pids of the stragglers that had to be killed. */
  stop(): Promise<readonly number[]>
  /** The end of its log, for people. */
  lastLines(): Promise<string>
}

export interface EngineEffects {
  /** Why this node cannot run it, or undefined when nothing is in the way. */
  preflight(): Promise<string | undefined>
  start(): Promise<RunningEngine>
  readonly logs: readonly EngineLog[]
  /** Keeps its logs short while it runs: one that grows without bounds would fill the node's disk. */
  trimLogs(): Promise<void>
}

export interface SlurmEffects {
  /** Resolves when the notice step has ended, with what srun said; `begun` when it hears. */
  listen(begun: () => void, signal: AbortSignal): Promise<string>
  job(): Promise<JobAnswer>
  /** Asks for it; whether it happened is seen in `job()`. */
  requeue(): Promise<void>
  cancel(): Promise<void>
}

/** One line for each decision that changed the world. Never rejects and never waits. */
export type RecordEvent = (event: string, detail: Readonly<Record<string, unknown>>) => void

/**
 * How many processes of this job's memory cgroup the kernel has killed for want of memory on this node; undefined where
 * it does not tell. Answers at once.
 */
export type CountOomKills = () => number | undefined
