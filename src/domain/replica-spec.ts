/**
 * What one replica must run, frozen into its job script as JSON: the supervisor reads nothing else of the
 * configuration, so a requeued job runs what it was submitted with.
 */
export interface ReplicaSpec {
  readonly version: 1
  readonly site: string
  /** Absolute path of the shared directory (the registry's root). */
  readonly shared: string
  readonly tier: string
  readonly engine: 'llama.cpp' | 'demo'
  /** The engine's executable: a name looked up on PATH, or an absolute path. */
  readonly command: string
  /** Extra engine arguments, already as argv. */
  readonly args: readonly string[]
  /** Added to the engine's allow-listed environment. */
  readonly env: Readonly<Record<string, string>>
  readonly router?: { readonly modelsDir: string; readonly modelsMax: number; readonly preload: readonly string[] }
  readonly model?: { readonly name: string; readonly file: string }
  readonly context?: number
  /** The engine's port; without it a free one is taken. */
  readonly port?: number
  /** CIDR networks in which the gateway accepts addresses. */
  readonly networks: readonly string[]
  readonly beatSeconds: number
  readonly loadTimeoutSeconds: number
  /** Lead of `--signal` before the walltime, seconds. */
  readonly signalLeadSeconds: number
}
