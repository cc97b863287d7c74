import type { Beat } from '../../core/domain/beat.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import type { Problem } from '../../core/domain/problem.ts'
import type { GatewayRoutes, RoutesFile } from '../../core/domain/routes-file.ts'

/**
 * The shared directory; every call ends within its own deadline ("whole files, one call in flight",
 * docs/design/rules.md).
 */
export interface RegistryEffects {
  /**
   * Rejects when the directory cannot be read; that means nothing about an endpoint. `beats` false: beats are not read and keep
   * their last values. `endpoints` is the same array as long as none has changed.
   */
  scan(options: {
    beats: boolean
  }): Promise<{ endpoints: readonly Endpoint[]; beats: ReadonlyMap<string, Beat>; problems: readonly Problem[] }>
  remove(id: string): Promise<void>
  /** Removes files that ended jobs left a month ago, and returns their number. */
  removeExpired(isAlive: (jobId: string) => boolean): Promise<number>
  writeRoutes(routes: RoutesFile, options: { flush: boolean }): Promise<void>
  routes(): Promise<ReadonlyMap<string, GatewayRoutes>>
  /** The key of this fingerprint; undefined when there is no file of it. */
  keptKey(fingerprint: string): Promise<string | undefined>
}

export type Applied =
  | { readonly status: 'applied'; readonly generation: number; readonly reloadMs: number }
  | { readonly status: 'unchanged'; readonly generation: number }
  | { readonly status: 'failed'; readonly step: string; readonly message: string; readonly restored: boolean }

export interface GatewayEffects {
  /** The model that the running nginx serves; undefined when none runs; rejects when that cannot be found out. */
  running(
    signal: AbortSignal,
  ): Promise<{ readonly model: GatewayModel; readonly generation: number; readonly keys: EngineKeys } | undefined>
  /**
   * Resolves `applied` only when no request can reach a server that the model no longer has ("what is on disk runs",
   * docs/design/rules.md).
   */
  apply(model: GatewayModel, signal: AbortSignal, keys: EngineKeys): Promise<Applied>
  /** Ends nginx's connections to these servers, as if they had closed them; `trouble`: why some are left. */
  endStreams(
    servers: readonly { readonly address: string; readonly port: number }[],
  ): Promise<{ readonly ended: number; readonly trouble?: string }>
}

export interface TrafficEffects {
  /** The lines that nginx has logged since the last call; rejects when the log cannot be read. */
  lines(): Promise<readonly string[]>
}

export interface SlurmEffects {
  /** All our jobs and whether the list is complete; or in words why they are not known. */
  jobs(): Promise<{ readonly jobs: readonly JobView[]; readonly complete: boolean } | { readonly message: string }>
  /** Makes a requeued job eligible now instead of in two minutes; returns the result in words. */
  releaseBeginTime(jobId: string): Promise<string>
  /** Releases a job that Slurm holds after a failed launch; returns the result in words. */
  releaseHold(jobId: string): Promise<string>
  /** How long a requeue defers a job here; undefined: not known now. */
  requeuePauseSeconds(): Promise<number | undefined>
  /** sinfo's words for the states of these nodes; undefined: not known now. */
  nodeStates(nodeList: string): Promise<readonly string[] | undefined>
}

export interface NetworkEffects {
  /**
   * A node's addresses from the site's own sources. All sources are asked only if the first ones do not contain `wanted`. Undefined
   * when they cannot be found out now.
   */
  resolve(node: string, wanted: readonly string[]): Promise<readonly string[] | undefined>
  /** Whether the port accepts a connection within 2 s ("no foreign clocks", docs/design/rules.md). */
  connects(address: string, port: number): Promise<boolean>
  /** Whether that host's kernel answers within seconds, also by refusing. Undefined: it cannot be asked. */
  answers?(address: string, port: number): Promise<boolean>
  ownAddresses(): readonly string[]
}

/** One line for each decision that changed the world. Never rejects and never waits. */
export type RecordEvent = (event: string, detail: Readonly<Record<string, unknown>>) => void
