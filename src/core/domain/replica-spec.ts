import { z } from 'zod'
import { ENGINE_NAMES, type EngineSpec } from './engine-spec.ts'

/** The version of replica specs that this program writes and reads. */
const SPEC_VERSION = 1

const words = z.array(z.string()).readonly()
const text = z.string().exactOptional()

/** The keys of `EngineSpec`, which documents them. That type is written by hand, because the library's types cannot need zod. */
const engineKeys = {
  engine: z.enum(ENGINE_NAMES, {
    error: ({ input }) => `${JSON.stringify(input)} is not one of ${ENGINE_NAMES.join(', ')}`,
  }),
  command: z.string(),
  args: words,
  env: z.record(z.string(), z.string()).readonly(),
  router: z.object({ modelsDir: z.string(), modelsMax: z.number(), preload: words }).readonly().exactOptional(),
  model: z.object({ name: z.string(), file: text, id: text }).readonly().exactOptional(),
  custom: z
    .object({
      ...{ args: words, healthPath: z.string(), keyVariable: text, modelsPath: text, serves: words },
      setuid: z.boolean().exactOptional(),
      metrics: z.object({ path: z.string(), running: text, waiting: text, kv: text }).readonly().exactOptional(),
    })
    .readonly()
    .exactOptional(),
  tensorParallel: z.number().exactOptional(),
  ranks: z.object({ nodes: z.number(), pipelineParallel: z.number() }).readonly().exactOptional(),
  context: z.number().exactOptional(),
} satisfies Record<keyof EngineSpec, z.ZodType>

/** One model over several nodes: the job's first node is the head, the others are workers. */
const rpc = z
  .object({
    workers: z.number(),
    /** The port of each worker. */
    port: z.number(),
    /** Layers of the head and of each worker; absent: llama.cpp divides them. */
    layers: z.array(z.number()).readonly().exactOptional(),
    /** CIDR networks for the traffic between head and workers. */
    networks: words,
    /** Directory on each worker's own disk for received tensors; absent: they are sent at each start. */
    cache: z.string().exactOptional(),
    /** Candidates for the worker's program; the first that exists is used. */
    commands: words,
  })
  .readonly()

/** The image with the engine's program, and its runtime. */
const container = z
  .object({
    runtime: z.enum(['apptainer', 'shifter', 'podman-hpc', 'pyxis']),
    /** A path or a name, in the runtime's own form. */
    image: z.string(),
    mounts: z
      .array(z.object({ source: z.string(), target: z.string(), isReadOnly: z.boolean() }).readonly())
      .readonly(),
    /** More options of the runtime. */
    args: words,
    /** The vendor of the job's GPUs; undefined: it has none. */
    gpus: z.enum(['nvidia', 'amd']).exactOptional(),
  })
  .readonly()

/** Absolute paths of directories: what lies below `from` is copied to the same place below `to`, on the node's disk. */
const stage = z.object({ from: z.string(), to: z.string() }).readonly()

const replicaSpecSchema = z.object({
  ...engineKeys,
  version: z.literal(SPEC_VERSION),
  site: z.string(),
  /** Absolute path of the shared directory (the registry's root). */
  shared: z.string(),
  tier: z.string(),
  /** GPUs of one endpoint, if its arguments give it several stages or copies. */
  gpusEach: z.number().exactOptional(),
  rpc: rpc.exactOptional(),
  /** Number of endpoints, each with its own engine; absent: 1. */
  endpoints: z.number().exactOptional(),
  /** The job requests no GPUs from Slurm and uses all of the node's. */
  allGpus: z.literal(true).exactOptional(),
  container: container.exactOptional(),
  stage: stage.exactOptional(),
  /** Each engine is bound to the NUMA node of its GPU, if that node is known. */
  numa: z.literal(true).exactOptional(),
  /** The first engine's port; the others get the ports after it. Absent: free ports. */
  port: z.number().exactOptional(),
  /** CIDR networks in which the gateway accepts addresses. */
  networks: words,
  /** The nodes' names on other networks (domain/node-names.ts). */
  nodeSuffix: z.string().exactOptional(),
  nodeNames: z.record(z.string(), words).readonly().exactOptional(),
  beatSeconds: z.number(),
  loadTimeoutSeconds: z.number(),
  /** Lead of `--signal` before the walltime, seconds. */
  signalLeadSeconds: z.number(),
})

/**
 * What one replica must run, frozen into its job script as JSON: the supervisor reads nothing else of the
 * configuration, so a requeued job runs what it was submitted with. A newer Sluice may read it then: a new key is optional,
 * and its absence keeps the old meaning.
 */
export type ReplicaSpec = Readonly<z.infer<typeof replicaSpecSchema>>
export type RpcSpec = z.infer<typeof rpc>
export type ContainerSpec = z.infer<typeof container>
export type StageSpec = z.infer<typeof stage>

export function formatReplicaSpec(spec: ReplicaSpec): string {
  return JSON.stringify(spec, null, 2)
}

/** Characters of the problem of an invalid replica spec, which may quote that text. */
const MAX_PROBLEM = 500

/** Unknown keys are left out. `problem` names the faults and the fix in one sentence. */
export function parseReplicaSpec(text: string): { readonly spec: ReplicaSpec } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return problem(text.trim() === '' ? 'it is empty' : 'it is not JSON')
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > SPEC_VERSION) {
    return { problem: `version ${version} is newer than this sluice understands (${SPEC_VERSION}); update it here` }
  }
  const parsed = replicaSpecSchema.safeParse(value, { reportInput: true })
  if (parsed.success) return { spec: parsed.data }
  const { issues } = parsed.error
  const lacking = issues.filter(({ input }) => input === undefined).map(({ path }) => path.join('.'))
  const wrong = issues.flatMap(({ path, message, input }) =>
    input === undefined ? [] : [`${path.join('.') || 'it'}: ${message}`],
  )
  return problem([...(lacking.length === 0 ? [] : [`it lacks ${lacking.join(', ')}`]), ...wrong].join('; '))
}

function problem(found: string): { readonly problem: string } {
  return { problem: `${found.slice(0, MAX_PROBLEM)}; start it from a script of \`sluice render\`` }
}
