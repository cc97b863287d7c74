import { z } from 'zod'
import { NAME } from './endpoint.ts'
import { ENGINE_NAMES, type EngineSpec } from './engine-spec.ts'

/** The version of replica specs that this program writes and reads. */
const SPEC_VERSION = 1

// The text of each `error` says what is right: `formatIssue` makes a sentence of it.
const name = z.string().regex(NAME, { error: 'a name of lower-case letters, digits and underscores' })
const count = z.int().min(1)
const port = count.max(65_535)
const words = z.array(z.string()).readonly()
const text = z.string().exactOptional()

/** The keys of `EngineSpec`, which documents them. That type is written by hand, because the library's types cannot need zod. */
const engineKeys = {
  engine: z.enum(ENGINE_NAMES),
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
  ranks: z.object({ nodes: count, pipelineParallel: count }).readonly().exactOptional(),
  context: z.number().exactOptional(),
} satisfies Record<keyof EngineSpec, z.ZodType>

/** One model over several nodes: the job's first node is the head, the others are workers. */
const rpc = z
  .object({
    workers: count,
    /** The port of each worker. */
    port,
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
  site: name,
  /** Absolute path of the shared directory (the registry's root). */
  shared: z.string().startsWith('/', { error: 'an absolute path' }),
  tier: name,
  /** GPUs of one endpoint, if its arguments give it several stages or copies. */
  gpusEach: z.number().exactOptional(),
  rpc: rpc.exactOptional(),
  /** Number of endpoints, each with its own engine; absent: 1. */
  endpoints: count.exactOptional(),
  /** The job requests no GPUs from Slurm and uses all of the node's. */
  allGpus: z.literal(true).exactOptional(),
  container: container.exactOptional(),
  stage: stage.exactOptional(),
  /** Each engine is bound to the NUMA node of its GPU, if that node is known. */
  numa: z.literal(true).exactOptional(),
  /** The first engine's port; the others get the ports after it. Absent: free ports. */
  port: port.exactOptional(),
  /** CIDR networks in which the gateway accepts addresses. */
  networks: words,
  /** The nodes' names on other networks (domain/node-names.ts). */
  nodeSuffix: z.string().exactOptional(),
  nodeNames: z.record(z.string(), words).readonly().exactOptional(),
  beatSeconds: z.number().positive(),
  loadTimeoutSeconds: z.number().positive(),
  /** Lead of `--signal` before the walltime, seconds. */
  signalLeadSeconds: z.number().nonnegative(),
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
const MAX_QUOTED = 64

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
  const parsed = replicaSpecSchema.safeParse(value, { reportInput: true, error: whatIsRight })
  if (parsed.success) return { spec: parsed.data }
  const { issues } = parsed.error
  const lacking = issues.filter(({ input }) => input === undefined).map(({ path }) => formatPath(path))
  const wrong = issues.filter(({ input }) => input !== undefined).map(formatIssue)
  return problem([...(lacking.length === 0 ? [] : [`it lacks ${lacking.join(', ')}`]), ...wrong].join('; '))
}

function formatIssue({ path, message, input }: z.core.$ZodIssue): string {
  const found = Array.isArray(input)
    ? 'a list'
    : typeof input === 'object' && input !== null
      ? 'an object'
      : JSON.stringify(typeof input === 'string' ? input.slice(0, MAX_QUOTED) : input)
  return `${formatPath(path) || 'it'} is ${found}, not ${message}`
}

/** A key of `env` may be any text. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.map(part => (/^\w+$/.test(String(part)) ? String(part) : JSON.stringify(part))).join('.')
}

/** In our own words, because zod's are not a part of a sentence. */
function whatIsRight(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    return values.length === 1 ? values[0] : `one of ${values.join(', ')}`
  }
  if (issue.code === 'too_small')
    return `a number ${issue.inclusive === false ? 'above' : 'of at least'} ${issue.minimum}`
  if (issue.code === 'too_big') return `a number of at most ${issue.maximum}`
  return undefined
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ object: 'an object', record: 'an object', array: 'a list', string: 'text' },
  ...{ number: 'a number', int: 'a whole number', boolean: 'true or false' },
}

function problem(found: string): { readonly problem: string } {
  return { problem: `${found.slice(0, MAX_PROBLEM)}; start it from a script of \`sluice render\`` }
}
