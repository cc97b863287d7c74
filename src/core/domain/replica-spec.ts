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
  readonly engine: 'llama.cpp' | 'vllm' | 'sglang' | 'tei' | 'custom' | 'demo'
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
  /** GPUs of one endpoint, where its arguments make it have several stages or copies. */
  readonly gpusEach?: number
  readonly rpc?: RpcSpec
  readonly ranks?: RankSpec
  /** How many endpoints, each an engine of its own; 1 without it. */
  readonly endpoints?: number
  /** Slurm was not asked for GPUs: those of the node are the job's. */
  readonly allGpus?: true
  readonly container?: ContainerSpec
  readonly stage?: StageSpec
  /** Bound to the NUMA node of its GPU, where that can be found out. */
  readonly numa?: true
  readonly context?: number
  /** The first engine's port, the others have those that follow; without it free ones are taken. */
  readonly port?: number
  /** CIDR networks in which the gateway accepts addresses. */
  readonly networks: readonly string[]
  /** How nodes are called on other networks than their own names' (domain/node-names.ts). */
  readonly nodeSuffix?: string
  readonly nodeNames?: Readonly<Record<string, readonly string[]>>
  readonly beatSeconds: number
  readonly loadTimeoutSeconds: number
  /** Lead of `--signal` before the walltime, seconds. */
  readonly signalLeadSeconds: number
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

/** One model over several nodes: the job's first node is the head, the others are workers. */
export interface RpcSpec {
  readonly workers: number
  /** Of each worker. */
  readonly port: number
  /** Of the head and of each worker; without it llama.cpp divides them. */
  readonly layers?: readonly number[]
  /** CIDR networks over which head and workers speak. */
  readonly networks: readonly string[]
  /** Directory on each worker's own disk in which it keeps the tensors that it was sent; without it they are sent each time. */
  readonly cache?: string
  /** The worker's program, the first that is there. */
  readonly commands: readonly string[]
}

/** The engine's program is in an image. */
export interface ContainerSpec {
  readonly runtime: 'apptainer' | 'shifter' | 'podman-hpc' | 'pyxis'
  /** As the runtime takes it: a path, or a name. */
  readonly image: string
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly isReadOnly: boolean }[]
  /** More options of the runtime. */
  readonly args: readonly string[]
  /** Whose GPUs the job has; undefined: it has none. */
  readonly gpus?: 'nvidia' | 'amd'
}

/** Absolute paths of directories: what lies below `from` is copied to the same place below `to`, on the node's disk. */
export interface StageSpec {
  readonly from: string
  readonly to: string
}
