/** Kinds of server programs; engines/index.ts has an engine for each. */
export const ENGINE_NAMES = ['llama.cpp', 'vllm', 'sglang', 'tei', 'custom', 'demo'] as const

/** The part of a replica spec that an engine reads; a server of the library has nothing else. */
export interface EngineSpec {
  readonly engine: (typeof ENGINE_NAMES)[number]
  /** The engine's executable: a name looked up on PATH, or an absolute path. */
  readonly command: string
  /** Extra engine arguments, already as argv. */
  readonly args: readonly string[]
  /** Added to the engine's allow-listed environment. */
  readonly env: Readonly<Record<string, string>>
  readonly router?: { readonly modelsDir: string; readonly modelsMax: number; readonly preload: readonly string[] }
  readonly model?: ModelSpec
  readonly custom?: CustomSpec
  /** GPUs of one endpoint, or of each stage and copy in it; absent: one endpoint has all GPUs of the node. */
  readonly tensorParallel?: number
  readonly ranks?: RankSpec
  readonly context?: number
}

/** The model's name for clients, and its source: exactly one of `file` and `id`. */
export interface ModelSpec {
  readonly name: string
  /** A path on the nodes: a .gguf file, or a directory of safetensors. */
  readonly file?: string
  /** An id of Hugging Face. */
  readonly id?: string
}

/** What Sluice needs to run a server program of another kind. */
export interface CustomSpec {
  /** `{address}`, `{port}`, `{model}` and `{name}` are filled in. */
  readonly args: readonly string[]
  readonly healthPath: string
  /** Variable with the engine key that it must require as a bearer token; absent: it requires none. */
  readonly keyVariable?: string
  readonly modelsPath?: string
  readonly serves: readonly string[]
  /** It starts setuid programs; the seccomp filter against TERM would take their privileges. */
  readonly setuid?: boolean
  /** Path and names of its Prometheus metrics. */
  readonly metrics?: {
    readonly path: string
    readonly running?: string
    readonly waiting?: string
    readonly kv?: string
  }
}

/** One engine with a process on each of several nodes. They divide the model's layers among groups of `tensorParallel` GPUs. */
export interface RankSpec {
  readonly nodes: number
  readonly pipelineParallel: number
}
