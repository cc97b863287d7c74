import type { Beat } from '../../core/domain/beat.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { Load } from '../../core/domain/load.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'
import type { GatewayRoutes } from '../../core/domain/routes-file.ts'
import type { EngineHealth } from '../../core/engines/engine.ts'

/**
 * The shared directory. Each call ends within its own deadline, even on a hanging filesystem
 * ("whole files, one call in flight", docs/design/rules.md).
 */
export interface RegistryEffects {
  publish(endpoint: Endpoint): Promise<void>
  /**
   * Whether the file is still the published one; `fenced`: a later run has replaced it. Rejects when that cannot be found out.
   */
  stands(endpoint: Endpoint): Promise<'stands' | 'gone' | 'fenced'>
  remove(id: string): Promise<void>
  beat(beat: Beat): Promise<void>
  /** Every gateway's routes; rejects when they cannot be read. */
  routes(): Promise<ReadonlyMap<string, GatewayRoutes>>
  /**
   * Copies a log of a finished engine to the shared directory, in a serial queue of its own, so that no other call waits for it.
   */
  keepLog(log: EngineLog): Promise<void>
  /** Collects new output of an engine; touches only this node's disk. */
  collectLog(log: EngineLog): Promise<void>
  /** Copies the collected output to the shared directory, in the serial queue of `keepLog`. */
  showLog(log: EngineLog): Promise<void>
}

/** The output of one process of an engine, in a file on this node's own disk. */
export interface EngineLog {
  /** `engine`, or `worker-` and the node. */
  readonly name: string
  readonly path: string
}

/** A started engine: one process, or a head and its workers. */
export interface RunningEngine {
  /** Its running processes, as endpoint files name them. */
  processes(): Endpoint['processes']
  /** The address at which it will answer. */
  readonly url: string
  /** Fingerprint of the key that it requires; undefined: it requires none. */
  readonly key?: string | undefined
  readonly exited: Promise<string>
  health(): Promise<EngineHealth>
  /** Its load; never rejects, and ends within its own deadline. */
  load(): Promise<Load>
  loadModels(models: readonly string[]): Promise<void>
  /** Established connections of others to its port; undefined when not known. */
  connections(): Promise<number | undefined>
  /** Resolves when none of its processes is left, with the pids of the stragglers that had to be killed. */
  stop(): Promise<readonly number[]>
  /** The end of its log, for people. */
  lastLines(): Promise<string>
}

export interface EngineEffects {
  /** Why this node cannot run it; undefined when it can. */
  preflight(): Promise<string | undefined>
  start(): Promise<RunningEngine>
  readonly logs: readonly EngineLog[]
  /** Shortens its logs while it runs, because a log without a bound would fill the node's disk. */
  trimLogs(): Promise<void>
}

export interface SlurmEffects {
  /** Resolves with srun's output when the notice step has ended; calls `begun` when the step can receive signals. */
  listen(begun: () => void, signal: AbortSignal): Promise<string>
  job(): Promise<JobAnswer>
  /** Asks Slurm for the last act; `job()` shows whether it happened. */
  requeue(): Promise<void>
  cancel(): Promise<void>
}

/** One line for each decision that changed the world. Never rejects and never waits. */
export type RecordEvent = (event: string, detail: Readonly<Record<string, unknown>>) => void

/**
 * The kernel's count of out-of-memory kills in this job's memory cgroup on this node; undefined where it is not available. Answers
 * at once.
 */
export type CountOomKills = () => number | undefined
