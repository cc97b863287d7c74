/** Kinds of server programs; engines/index.ts has the engine of each. */
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
  /** GPUs of one endpoint, or of each stage and copy in it; without it all of the node's are one endpoint's. */
  readonly tensorParallel?: number
  readonly ranks?: RankSpec
  readonly context?: number
}

/** What clients ask for, and where the engine has it from: exactly one of the two. */
export interface ModelSpec {
  readonly name: string
  /** A path on the nodes: a .gguf file, or a directory of safetensors. */
  readonly file?: string
  /** Of Hugging Face. */
  readonly id?: string
}

/** What Sluice must know of a server program that it does not know. */
export interface CustomSpec {
  /** `{address}`, `{port}`, `{model}` and `{name}` are filled in. */
  readonly args: readonly string[]
  readonly healthPath: string
  /** Variable in which it gets the key that it is to ask for as a bearer's token; absent: it asks for none. */
  readonly keyVariable?: string
  readonly modelsPath?: string
  readonly serves: readonly string[]
  /** It starts programs that gain privileges, which those cannot that TERM is kept from by force. */
  readonly setuid?: boolean
  /** Where its load stands as Prometheus has it, and by what names. */
  readonly metrics?: {
    readonly path: string
    readonly running?: string
    readonly waiting?: string
    readonly kv?: string
  }
}

/** One engine over several nodes, with a process on each, which divide the model's layers among groups of `tensorParallel` GPUs. */
export interface RankSpec {
  readonly nodes: number
  readonly pipelineParallel: number
}
