import type { TierConfig } from '../config/schema.ts'
import { type Cause, type Found, find, tierNameOf } from './cause.ts'
import type { Run } from './one-run.ts'

/** The last words of engines of any kind, and what they mean. */
interface EngineWords {
  readonly id: string
  readonly words: readonly RegExp[]
  readonly what: string | ((run: Run, found: Found) => string)
  readonly fix: string | ((run: Run, found: Found) => string)
}

/**
 * The first match wins; a cause comes before its consequence. The words are those of llama.cpp, vLLM, SGLang and TEI, and of
 * the libraries below them: PyTorch, NCCL, huggingface_hub, CUDA's and ROCm's drivers (test/core/explain/engine-lines.ts).
 */
const TABLE: readonly EngineWords[] = [
  {
    id: 'shared-memory',
    words: [
      /Error while (?:creating|attaching to) shared memory segment/,
      /insufficient shared memory \(shm\)/,
      /No space left on device.{0,300}\/dev\/shm|\/dev\/shm.{0,300}No space left on device/,
      /[Uu]nable to (?:open|mmap|allocate|write to) shared memory/,
    ],
    what: 'The shared memory of its node (/dev/shm), through which its processes exchange data, is full, too small, or hidden from them',
    fix: 'See df -h /dev/shm on the node, and remove what dead processes left in it (nccl-*, torch_*, psm_*); in an image of your own runtime give it the host’s (--ipc host)',
  },
  {
    id: 'driver-too-old',
    words: [
      /CUDA driver version is insufficient for CUDA runtime version/,
      /The NVIDIA driver on your system is too old/,
      /forward compatibility was attempted on non supported HW/,
      /unsupported display driver \/ cuda driver combination|system has unsupported display driver/,
      /provided PTX was compiled with an unsupported toolchain/,
    ],
    what: 'The GPU driver of its node is older than the engine needs',
    fix: 'Compare nvidia-smi on the node with the CUDA that the engine wants: a newer driver there, or a build or image for an older CUDA',
  },
  {
    id: 'gpu-too-old',
    words: [
      /Runtime compute cap (\d+) is not compatible with compile time compute cap (\d+)/,
      /only supported on GPUs with compute capability of at least/,
      /FlashAttention only supports Ampere GPUs or newer/,
      /SGLang only supports sm\d+ and above/,
    ],
    what: ({ settings }, { parts: [has, wants] }) =>
      `Its GPU${settings?.gpu?.arch === undefined ? '' : ` (${settings.gpu.arch})`} does not support this build of the engine, or a setting of the tier${has === undefined ? '' : `: the GPU is ${has}, the build is for ${wants}`}`,
    fix: run =>
      `Use a build or image for that GPU (TEI has one for each generation), or dtype float16 instead of bfloat16 and an attention backend that the GPU supports (tiers.${tierNameOf(run)}.args), or other nodes (slurm.constraint, slurm.nodelist)`,
  },
  {
    id: 'no-gpu',
    words: [
      /No CUDA GPUs are available|Found no NVIDIA driver|No HIP GPUs are available/,
      /Failed to infer device type/,
      /ggml_cuda_init: failed to initialize (?:CUDA|ROCm): (.+)/,
      /Failed to initialize NVML|NVML Shared Library Not Found/,
      /no ROCm-capable device is detected/,
    ],
    what: 'It sees no GPU on its node',
    fix: run =>
      `Check that the job asks for one (tiers.${tierNameOf(run)}.slurm.gpus), that nvidia-smi or rocm-smi works in a job there (srun --gpus=1 nvidia-smi), and that the engine is a build for that GPU`,
  },
  {
    id: 'model-gated',
    words: [
      /Cannot access gated repo/,
      /trying to access a gated repo/,
      /GatedRepoError/,
      /Access to model (\S+) is restricted/,
      /(?:401|403) (?:Client Error|Unauthorized|Forbidden).{0,300}huggingface\.co/,
      /HTTP status client error \(40[13] \w+\) for url \(https:\/\/huggingface\.co/,
    ],
    what: 'Hugging Face refused the engine this model: it is gated or private, and the engine has no token with access to it',
    fix: run =>
      `Accept its terms there, download it once with a token (hf download) to a directory that the nodes see, and name that directory: tiers.${tierNameOf(run)}.model.file`,
  },
  {
    id: 'hub-unreachable',
    words: [
      /LocalEntryNotFoundError|OfflineModeIsEnabled/,
      /[Cc]ouldn't connect to '?https:\/\/huggingface/,
      /host='huggingface\.co'.{0,300}(?:Max retries|Failed to (?:resolve|establish))|Max retries exceeded with url.{0,300}huggingface|NameResolutionError.{0,300}huggingface/,
      /error sending request for url \(https:\/\/huggingface\.co/,
      /Could not download model artifacts/,
    ],
    what: 'Its model is not on the node, and the node does not reach Hugging Face to download it',
    fix: run =>
      `Download it once on a machine with internet access (hf download) to a directory that the nodes see, and name that directory: tiers.${tierNameOf(run)}.model.file; or give the nodes access (HTTPS_PROXY in env)`,
  },
  {
    id: 'disk-full',
    words: [/No space left on device/, /\[Errno 28\]/, /Disk quota exceeded|\[Errno 122\]/],
    what: 'A disk on its node, or the quota of its account, is full: caches of models and of compiled kernels lie in the home directory unless env sets another place',
    fix: run =>
      `Check df -h and quota on the node; move the caches with HF_HOME, VLLM_CACHE_ROOT, TRITON_CACHE_DIR and the like in tiers.${tierNameOf(run)}.env`,
  },
  {
    id: 'not-divisible',
    words: [
      /Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)/,
      /(\d+) is not divisible by (\d+)$/,
      /heads? .{0,300}must be divisible by .{0,300}(?:tp|tensor)/i,
    ],
    what: (_, { parts: [count, parallel] }) =>
      `The model cannot be divided among this number of GPUs${count === undefined ? '' : `: ${count} by ${parallel}`}`,
    fix: run =>
      `Write a tiers.${tierNameOf(run)}.tensorParallel that divides the model's attention heads (a power of two, mostly)`,
  },
  {
    id: 'context-too-long',
    words: [
      /User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(.{0,300}?(\d+)/,
      /User-specified context_length \((\d+)\) is greater than the derived context_length \((\d+)/,
    ],
    what: (_, { parts: [asked, has] }) =>
      `The model was trained for ${has} tokens, and the configuration asks for ${asked}`,
    fix: run =>
      `Make tiers.${tierNameOf(run)}.context smaller, or stretch it by the engine's own arguments for RoPE scaling`,
  },
  {
    id: 'remote-code',
    words: [/contains custom code which must be executed/, /[Ss]et the option `?trust_remote_code=True/],
    what: 'The model brings code of its own, and the engine runs such code only with trust-remote-code',
    fix: run => `If you trust it: args trust-remote-code: true in tiers.${tierNameOf(run)}`,
  },
  {
    id: 'too-many-files',
    words: [/Too many open files|\[Errno 24\]/],
    what: 'It ran out of file descriptors',
    fix: 'Raise the limit in the job: ulimit -n 65536 in the set-up lines, or PropagateResourceLimits and LimitNOFILE of slurmd',
  },
]

/** Consequences only: they count where no line names the cause. */
const AFTERMATH: readonly EngineWords[] = [
  {
    id: 'inner-process-killed',
    words: [
      /scheduler is dead.*|Exit code: (-9|137)\b/,
      /Child process unexpectedly failed with exitcode=(-?9)\b/,
      /(?:EngineCore|Worker|engine core).{0,300}(?:exit code|exitcode)[ =:]+(-9|137)\b/i,
    ],
    what: 'One of its own processes was killed (SIGKILL), most often because host memory was short, and the others cannot go on without it',
    fix: run => `Raise tiers.${tierNameOf(run)}.slurm.mem; the kernel's word is on the node (dmesg -T | grep -i oom)`,
  },
  {
    id: 'gpus-cannot-talk',
    words: [
      /\bnccl(?:System|Internal|Remote|UnhandledCuda|InvalidUsage)Error\b/,
      /\bNCCL error\b.*/,
      /Watchdog caught collective operation timeout/,
      /DistBackendError/,
      /torch\.distributed\.DistStoreError|Timed out after \d+ seconds waiting for clients/,
    ],
    what: ({ settings }) =>
      `Its processes could not talk to each other (NCCL)${settings?.slurm.nodes !== undefined && settings.slurm.nodes > 1 ? ', over the network between its nodes' : ''}, or one of them had died first`,
    fix: run =>
      `Look above that line for a process that ended first. If there is none, start it with env NCCL_DEBUG=INFO in tiers.${tierNameOf(run)}: over nodes NCCL_SOCKET_IFNAME names the network, on one node /dev/shm and peer-to-peer (NCCL_P2P_DISABLE=1) are the usual reasons`,
  },
  {
    id: 'inner-process-died',
    words: [
      /EngineDeadError|EngineCore encountered (?:a fatal error|an issue)/,
      /Engine core initialization failed/,
      /Scheduler hit an exception/,
      /Child process unexpectedly failed with exitcode=(\d+)/,
    ],
    what: 'One of its own processes died, and the engine ended with it (vLLM with code 0 at times, SGLang by killing itself: 137); the reason stands above that line',
    fix: run => `See its whole log for the first error: sluice logs ${run.job} --lines 400`,
  },
]

export const ENGINE_CAUSES: readonly Cause[] = TABLE.map(toCause)
export const ENGINE_AFTERMATH: readonly Cause[] = AFTERMATH.map(toCause)

function toCause({ id, words, what, fix }: EngineWords): Cause {
  return {
    id,
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.allLines, ...words),
    what: (run, found) => (typeof what === 'string' ? what : what(run, found)),
    fix: (run, found) => (typeof fix === 'string' ? fix : fix(run, found)),
  }
}

/** Meanings of exit codes of a program, a shell or a container. The meaning of 1 stands in the engine's log. */
export function exitMeaning(code: string, engine: TierConfig['engine'] | undefined): string | undefined {
  return ENGINE_EXITS[engine ?? '']?.[code] ?? EXITS[code]
}

const EXITS: Readonly<Record<string, string>> = {
  0: 'as after a request to end, or after it printed only its help or its version',
  2: 'its program does not understand its command line (Python’s and Rust’s parsers end with this code)',
  126: 'its program may not be executed: no x permission, a noexec mount, or another architecture',
  127: 'its program, or an interpreter or library for it, was not found',
  130: 'it was interrupted (SIGINT) from outside, not by its supervisor',
  143: 'it received a SIGTERM from outside, not from its supervisor',
}

/** Where an engine gives a code another meaning. */
const ENGINE_EXITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vllm: { 0: 'vLLM also ends like this when its engine core has died; or it printed only its help or its version' },
  sglang: {
    137: 'SGLang kills itself when one of its processes has failed; the code alone does not show that memory was short',
  },
}
