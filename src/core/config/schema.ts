import { z } from 'zod'
import { RUNTIMES } from '../containers/runtimes.ts'
import { LISTEN_PATTERN, readListen } from '../domain/listen-address.ts'
import { LOG_LEVELS } from '../domain/log-level.ts'
import { ENGINES, type EngineName } from '../engines/index.ts'
import * as formats from './formats.ts'
import { OVERRIDES } from './overrides.ts'

/**
 * A name that is safe in file names, nginx identifiers and Slurm comments ("nothing unvalidated reaches nginx",
 * docs/design/rules.md).
 */
export const NAME_PATTERN = /^[a-z][a-z0-9_]{0,31}$/

const NAME: formats.Format = {
  pattern: NAME_PATTERN,
  right: 'write at most 32 lower-case letters, digits and underscores, starting with a letter',
}

/** Each key has a description for the JSON Schema, and an example for the JSON Schema and for messages. */
const about = <S extends z.ZodType>(schema: S, description: string, example?: unknown) =>
  schema.meta(example === undefined ? { description } : { description, examples: [example] })

const text = ({ pattern, right }: formats.Format) => z.string().regex(pattern, right)

/** GGML_RPC_MAX_SERVERS of llama.cpp is 16. */
const MOST_RPC_WORKERS = 16

/** A day at most: timers of more than 2³¹ ms fire at once. */
const seconds = z.number().positive().max(86_400)

/** Only root may open ports below 1024. */
const port = z.number().int().min(1024).max(65_535)

/** A port, which means all addresses of the machine, or an address with one (`domain/listen-address.ts`). */
const listen = z.union(
  [
    port,
    // Without `abort` zod would choose this alternative for its message even where a number was meant.
    z
      .string()
      .regex(LISTEN_PATTERN, { abort: true })
      .refine(text => !('fix' in readListen(text)), { abort: true }),
  ],
  { error: ({ input }) => listenFix(typeof input === 'string' ? input : '') },
)

function listenFix(text: string): string {
  const read = readListen(text)
  return 'fix' in read ? read.fix : 'write another'
}

// The type of Object.keys is string[].
const engineNames = Object.keys(ENGINES) as EngineName[]
const runtimeNames = Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[]

/** The APIs of an endpoint, as endpoint files name them. */
const SERVES = ['chat', 'completions', 'embeddings', 'rerank'] as const

const scalar = z.union([z.string(), z.number(), z.boolean()])

const argValue = z.union(
  [z.string(), z.number(), z.boolean(), z.record(z.string(), z.json())],
  'write true for a flag without a value, or text, a number, or a map, which is passed as JSON; for several values write the arguments as a list',
)

/** Engine arguments: a list is passed as it is, a map becomes flags (`args.ts`). */
export const args = z.union(
  [
    z.array(z.union([scalar, z.record(z.string(), argValue)], 'write text, a number, or a map of flags')),
    z.record(z.string(), argValue),
  ],
  'write a map, such as { batch-size: 512 }, or a list, such as [--batch-size, 512]',
)

const router = z.strictObject({
  modelsDir: about(
    text(formats.FILE_PATH),
    'Directory on the compute nodes. Each .gguf file in it is a model. A subdirectory is one model too, where it holds the parts of a split file, or a file with its mmproj file.',
    '/scratch/ai/models',
  ),
  modelsMax: about(
    z.number().int().min(1).max(1000).default(1),
    'Models held in memory at a time; the least recently used idle one is unloaded for another.',
  ),
  preload: about(
    z
      .array(
        about(text(formats.MODEL_NAME), 'Name of a model: its file name without .gguf, or the name of its directory.'),
      )
      .default([]),
    'Models to load before the endpoint is published.',
  ),
})

const model = z.strictObject({
  name: about(text(formats.MODEL_NAME), 'The name that clients ask for.', 'OR1-Behemoth'),
  file: about(
    text(formats.FILE_PATH).optional(),
    'Its path on the compute nodes: the .gguf file (the first part of a split one), or a directory of safetensors.',
    '/scratch/ai/models/model.gguf',
  ),
  id: about(
    text(formats.MODEL_ID).optional(),
    'Its name at Hugging Face, instead of a file; not for llama.cpp.',
    'meta-llama/Llama-3.1-8B-Instruct',
  ),
})

const custom = z.strictObject({
  args: about(
    z.array(scalar),
    "The program's arguments; Sluice fills in {address}, {port}, {model} (file or id) and {name}.",
    ['--listen', '{address}:{port}'],
  ),
  healthPath: about(text(formats.REQUEST_PATH).default('/health'), 'Path that answers 200 once the engine can serve.'),
  modelsPath: about(
    text(formats.REQUEST_PATH).optional(),
    "Path of its list of models in OpenAI's format; without it the engine serves only the tier's model.",
    '/v1/models',
  ),
  keyVariable: about(
    text(formats.ENV_NAME).optional(),
    'Environment variable in which the engine gets its key; it must require that key (Authorization: Bearer …). Without keyVariable every program on the network can use the engine.',
    'MY_API_KEY',
  ),
  serves: about(z.array(about(z.enum(SERVES), 'An API.')).default(['chat', 'completions']), 'The APIs that it offers.'),
  setuid: about(
    z.boolean().optional(),
    "True if the engine starts setuid programs, such as sudo. Then an engine that unblocks signals, as Node and Go do, receives Slurm's TERM.",
    true,
  ),
  metrics: about(
    z
      .strictObject({
        path: about(text(formats.REQUEST_PATH).default('/metrics'), 'Path of its metrics in the format of Prometheus.'),
        running: about(
          text(formats.METRIC).optional(),
          'Metric of requests that are being answered.',
          'my_requests_running',
        ),
        waiting: about(text(formats.METRIC).optional(), 'Metric of requests that wait.', 'my_requests_waiting'),
        kv: about(
          text(formats.METRIC).optional(),
          'Metric of the share of its KV cache in use, 0–1.',
          'my_cache_usage',
        ),
      })
      .optional(),
    'Its metrics by name; without them its load is not known.',
  ),
})

const rpc = z.strictObject({
  workers: about(
    z.number().int().min(1).max(MOST_RPC_WORKERS),
    'Nodes beside the head. Each runs one RPC worker, and all of them serve one model.',
    2,
  ),
  port: about(port.default(50_052), 'Port of the workers, the same on each node.'),
  layers: about(
    z.array(about(z.number().int().min(0).max(10_000), 'Layers on one node.')).optional(),
    "The number of the model's layers on the head and on each worker, in the order of the job's nodes; without it llama.cpp divides them.",
    [26, 27, 27],
  ),
  network: about(
    z.string().optional(),
    'The IPv4 network between head and workers, in CIDR notation; without it gateway.networks.',
    '192.168.10.0/24',
  ),
  cache: about(
    text(formats.FILE_PATH).optional(),
    "Directory on each worker's own disk for the tensors that it receives, for a faster next start.",
    '/scratch/ai/rpc-cache',
  ),
  command: about(
    text(formats.COMMAND).optional(),
    "The worker's program; without it ggml-rpc-server, or its earlier name rpc-server.",
  ),
})

const container = z.strictObject({
  runtime: about(z.enum(runtimeNames), 'The container runtime on the compute nodes.', 'apptainer'),
  image: about(
    text(formats.IMAGE),
    'apptainer: absolute path of a .sif file or a sandbox directory; shifter, podman-hpc: name of an image; pyxis: either.',
    '/cluster/shared/images/vllm.sif',
  ),
  mounts: about(
    z
      .array(about(text(formats.MOUNT), 'A path of the node, a path in the container, and ro for read-only.'))
      .default([]),
    'Paths of the node that the engine sees, besides its model.',
    ['/scratch/ai/cache:/cache', '/cluster/shared/templates:/templates:ro'],
  ),
  args: about(z.array(about(text(formats.ONE_LINE), 'One argument.')).default([]), 'More options of the runtime.', [
    '--writable-tmpfs',
  ]),
})

const stage = z.strictObject({
  from: about(text(formats.FILE_PATH), 'Directory on the shared filesystem.', '/cluster/shared/models'),
  to: about(text(formats.FILE_PATH), "Directory on each node's own disk.", '/scratch/ai/models'),
})

const gpu = z.strictObject({
  arch: about(
    text(formats.GPU_ARCH).optional(),
    'Architecture of the GPUs, as compilers name it: arguments that crash on it are refused, and a container gets the devices of AMD where it begins with gfx.',
    'sm70',
  ),
  memory: about(text(formats.MEMORY).optional(), 'Memory of one GPU; megabytes without a unit.', '32G'),
})

const slurm = z.strictObject({
  script: about(
    text(formats.SCRIPT_NAME).optional(),
    "File name of the job script; without it the tier's name and .slurm.",
    'run-14b.slurm',
  ),
  jobName: about(text(formats.SLURM_NAME).optional(), "sbatch --job-name; without it the tier's name.", 'llama-14b'),
  partition: about(text(formats.SLURM_NAMES).optional(), 'sbatch --partition.', 'gpu_ai'),
  qos: about(text(formats.SLURM_NAME).optional(), 'sbatch --qos.', 'ai_opportunistic'),
  account: about(text(formats.SLURM_NAME).optional(), 'sbatch --account.', 'physics'),
  nodes: about(z.number().int().min(1).max(1024).default(1), 'Nodes of one replica.'),
  nodelist: about(text(formats.NODE_LIST).optional(), 'sbatch --nodelist.', 'vasp-[01-03]'),
  gpus: about(
    z.union([z.number().int().min(0).max(1024), text(formats.TYPED_GPUS)], formats.TYPED_GPUS.right).default(1),
    'GPUs on each node: a number, or a type or MIG profile and a number. Without it a custom engine without tensorParallel gets none.',
    'a100:4',
  ),
  requestGpus: about(
    z.boolean().default(true),
    'Ask Slurm for the GPUs. False where Slurm does not manage GPUs and a job has all GPUs of its node, or where extra asks for them.',
  ),
  cpus: about(z.number().int().min(1).max(65_535).optional(), 'CPUs on each node.', 16),
  mem: about(text(formats.MEMORY).optional(), 'Host memory on each node; megabytes without a unit.', '64G'),
  time: about(text(formats.TIME).optional(), 'sbatch --time; minutes without a colon.', '2-00:00:00'),
  exclusive: about(z.boolean().default(false), 'Take whole nodes (sbatch --exclusive).'),
  signalLeadSeconds: about(
    z.number().int().min(10).max(65_535).default(120),
    'How long before the walltime a replica starts to drain, in seconds (sbatch --signal).',
  ),
  output: about(
    text(formats.OUTPUT).optional(),
    "sbatch --output; without it the script's own file on the node's disk.",
    '/scratch/ai/logs/%x-%j.log',
  ),
  extra: about(
    z.array(about(text(formats.SBATCH_OPTION), 'One option of sbatch.', '--constraint=a100')).default([]),
    'More #SBATCH lines, for options that have no key here.',
  ),
})

const tier = z.strictObject({
  engine: about(z.enum(engineNames), 'The kind of server program.', 'llama.cpp'),
  path: about(text(formats.URL_PATH), 'Where the tier answers on gateway.listen.', '/reasoning/'),
  gatewayPort: about(
    listen.optional(),
    'A gateway port, or an address with one, at which the tier answers at / as well.',
    '127.0.0.1:8081',
  ),
  allowPaths: about(
    z
      .array(about(text(formats.OPENED_PATH).max(256), 'A path of the engine.'))
      .max(256)
      .default([]),
    'Paths of the engine that the gateway opens besides those of its API. Every client of the gateway can use them, with the engine key.',
    ['/props', '/metrics'],
  ),
  command: about(
    text(formats.COMMAND).optional(),
    "The engine's program, a name on PATH or an absolute path; without it llama-server, vllm, python3 (for sglang) or text-embeddings-router.",
    'llama-server',
  ),
  router: about(router.optional(), 'Serve a directory of models that load on demand.'),
  model: about(model.optional(), 'Serve one model.'),
  custom: about(custom.optional(), 'How Sluice starts and checks an unknown program (engine: custom).'),
  tensorParallel: about(
    z.number().int().min(1).max(1024).optional(),
    "GPUs of one endpoint; pipeline stages and copies in args multiply them. A replica runs as many endpoints as fit on its node's GPUs; without tensorParallel one endpoint with all of them.",
    4,
  ),
  rpc: about(rpc.optional(), 'Serve one model over several nodes, by llama.cpp RPC.'),
  container: about(container.optional(), "Run the engine's program in an image."),
  stage: about(stage.optional(), "Copy the model to the node's own disk before it is loaded, once for each node."),
  numa: about(
    z.boolean().default(false),
    'Bind the engine to the NUMA node of its GPU, where numactl and nvidia-smi are installed.',
  ),
  context: about(
    z.number().int().min(1).optional(),
    'Context of the engine, in tokens: of llama.cpp over all slots, of vLLM and SGLang for one request.',
    131_072,
  ),
  args: about(args.default([]), 'More arguments of the engine: a map of flags, or a list.'),
  env: about(
    z.record(text(formats.ENV_NAME), text(formats.ONE_LINE)).default({}),
    "Added to the engine's environment.",
  ),
  setup: about(
    z.array(about(text(formats.ONE_LINE), 'One line of the job script.', 'module load cuda')).default([]),
    'Shell lines that the job script runs before the supervisor.',
  ),
  port: about(
    port.optional(),
    'Port of the engine on its node. Several engines of a replica use this port and the following ones. Without it Sluice takes free ports.',
    8080,
  ),
  readTimeoutSeconds: about(
    // nginx has one limit for streams and for answers in one piece, because it cannot distinguish them beforehand. An answer
    // in one piece is silent until its end, so the limit must be longer than the keep-alives of streams need.
    seconds.default(600),
    'Longest silence of an engine, in seconds. Before the first byte of an answer another engine is asked once more then; after it the answer breaks off. What is not streamed is silent until its end, whatever the engine: this must be longer than the longest such answer. A tier that only streams, from a llama-server that sends a comment every 30 s, can do with 90.',
  ),
  loadTimeoutSeconds: about(seconds.default(900), 'Longest time from start to ready, in seconds.'),
  allow: about(
    z.array(about(z.enum(OVERRIDES), 'The name of a refusal.')).default([]),
    'Refusals to override: combinations that usually crash, but work with your build.',
    ['flash-attn-on-sm70'],
  ),
  gpu: about(gpu.optional(), 'The kind of GPU, for checks and for planning.'),
  replicas: about(
    z.number().int().min(0).max(1000).default(1),
    'How many replicas `sluice up` runs. Under Slurm nothing reads it: `sluice submit TIER --count N` decides.',
  ),
  slurm: about(slurm.prefault({}), 'Resources and options of the job.'),
})

const gateway = z.strictObject({
  name: about(
    text(NAME).default('main'),
    'Name of this gateway (one nginx with its updater); a site may have several.',
  ),
  nginx: about(
    z.enum(['private', 'system']).default('private'),
    "private: our own nginx, run by an ordinary user; system: one file in the system's nginx, written by root.",
  ),
  directory: about(
    text(formats.PLAIN_PATH).default('/etc/nginx/conf.d'),
    "Directory from which the system's nginx includes *.conf within http { }.",
  ),
  reload: about(
    text(formats.PLAIN_COMMAND).default('systemctl reload nginx'),
    "Command that reloads the system's nginx; it runs without a shell.",
  ),
  listen: about(
    listen.default(8080),
    'Port on which every tier answers below its path, on all IPv4 addresses of the machine; with an address before it, on that address only.',
    '127.0.0.1:8080',
  ),
  byModel: about(
    z.boolean().default(false),
    'Route requests below /v1 of listen to the tier that has their model; a private nginx with njs can. Without it /v1 is the API of the tier at /.',
  ),
  networks: about(
    z.array(about(z.string(), 'An IPv4 network in CIDR notation.')).min(1),
    'The only networks in which the gateway reaches engines.',
    ['10.0.0.0/24'],
  ),
  nodeSuffix: about(
    text(formats.NAME_SUFFIX).optional(),
    "Suffix of the nodes' names on another network: with i, gpu01 is gpu01i there.",
    'i',
  ),
  nodeNames: about(
    z
      .record(
        text(formats.HOST_NAME),
        z.array(about(text(formats.HOST_NAME), 'A name that this machine resolves, or an IPv4 address.')).min(1),
      )
      .optional(),
    "Other names of nodes by their name in Slurm, where a suffix is not enough. Slurm's NodeAddr is used without an entry here.",
    { gpu01: ['gpu01-ib'] },
  ),
  connectionsPerClient: about(
    z.number().int().min(1).max(1_000_000).default(256),
    'Requests that one client address may have at once. Requests from the gateway machine itself are not limited: behind a proxy on that machine no request is limited.',
  ),
  state: about(
    text(formats.PLAIN_PATH).optional(),
    "Directory on the gateway's own disk for nginx's files, locks, sockets and keys; without it the StateDirectory of a systemd unit, /var/lib/sluice for root, or the user's state directory.",
    '/var/lib/sluice',
  ),
  metricsPort: about(
    port.optional(),
    'Port on 127.0.0.1 for Prometheus at /metrics; without it metrics are off.',
    9464,
  ),
})

/** Intervals. Every default is written here and nowhere else. */
const timing = z.strictObject({
  beatSeconds: about(seconds.default(5), 'Time between two beats of a replica, in seconds.'),
  leaseSeconds: about(
    seconds.default(20),
    'How long a beat may stand still before its replica is suspect, in seconds.',
  ),
  scanSeconds: about(seconds.default(1), 'Time between two scans of the registry, in seconds.'),
  squeueSeconds: about(seconds.default(15), 'Time between two polls of squeue, in seconds.'),
})

export const configSchema = z.strictObject({
  site: about(text(NAME), 'Name of this site.', 'beefcake2'),
  shared: about(
    text(formats.PLAIN_PATH),
    'Directory on the shared filesystem, owned by the account that runs everything.',
    '/cluster/shared/ai',
  ),
  runtime: about(
    text(formats.PLAIN_PATH),
    'Directory on the shared filesystem in which `sluice install` installs Sluice.',
    '/cluster/shared/sluice',
  ),
  gateway: about(gateway, 'The nginx in front of the engines.'),
  timing: about(timing.prefault({}), 'Intervals of beats, scans and polls.'),
  notify: about(
    z
      .array(about(text(formats.ONE_LINE), 'A word of the command.'))
      .min(1)
      .optional(),
    'Command to run when a tier goes down or comes back; SLUICE_SITE, SLUICE_GATEWAY, SLUICE_TIER and SLUICE_EVENT (down, up) say which, and so does one line of JSON on its standard input.',
    ['/usr/local/bin/tell-ops'],
  ),
  log: about(
    z.enum(LOG_LEVELS).default('info'),
    'What supervisors, the updater and `sluice up` print: errors only; also warnings; all events; details too. --log-level and $SLUICE_LOG_LEVEL come first. The shared directory gets every event at each level.',
    'debug',
  ),
  watch: about(
    z.boolean().default(true),
    'Let filesystem events wake the updater before its next scan, where the shared directory is on a disk of its own machine: a network filesystem has no events of other machines.',
  ),
  tiers: about(z.record(text(NAME), tier), 'The services by name.').meta({ minProperties: 1 }),
})

export type Config = z.infer<typeof configSchema>
export type TierConfig = z.infer<typeof tier>
