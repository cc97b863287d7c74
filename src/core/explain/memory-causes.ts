import type { TierConfig } from '../config/schema.ts'
import { type Cause, find, shownBy, tierNameOf } from './cause.ts'
import { linesOf, type Run } from './one-run.ts'

/** Memory of the host: Slurm's limit slurm.mem, for each node. */
export const HOST_MEMORY: Cause = {
  id: 'host-memory',
  when: ['failed', 'silent', 'lives'],
  recognise: run => {
    const counted = run.trouble.filter(one => typeof one['oomKills'] === 'number' && one['oomKills'] > 0)
    const shown = counted.slice(-2).flatMap(one => linesOf(run.eventsFile, one).slice(0, 1))
    const found = find(run.allLines, ...OOM_WORDS) ?? find(run.supervisorLines, STEP_KILLED)
    const slurm = run.state === 'OUT_OF_MEMORY' || run.slurm?.reason === 'OutOfMemory' ? [run.stateLine] : []
    return shownBy(...slurm, ...shown, ...(found?.evidence ?? []))
  },
  what: (run, { evidence }) => {
    const isCertain = !evidence.every(one => STEP_KILLED.test(one.text))
    return `${isCertain ? 'It ran out of host memory' : 'Slurm killed it, as it kills a step that exceeds its memory'}: slurm.mem${memOf(run)} is too small for the weights (in the page cache), the KV cache and the buffers, which grow while long prompts are processed`
  },
  fix: run =>
    `Raise tiers.${tierNameOf(run)}.slurm.mem: the size of the model on each node, its KV cache, and a fifth more. Then submit it again, because a job keeps the script of its submission (sluice stop ${tierNameOf(run)}, sluice submit ${tierNameOf(run)})`,
}

/** What frees memory on a GPU, by engine. */
const OTHERS_ROOM: Readonly<Partial<Record<TierConfig['engine'], string>>> = {
  vllm: 'Any of these makes room: a smaller context; args max-num-seqs smaller; more GPUs for each endpoint (tensorParallel); args kv-cache-dtype fp8. Where too little was free at its start, make gpu-memory-utilization smaller, or end the other processes on the GPU',
  sglang:
    'Any of these makes room: args mem-fraction-static smaller where a batch failed, and larger where the weights left no room for a KV cache; chunked-prefill-size or max-running-requests smaller; a smaller context; more GPUs for each endpoint (tensorParallel)',
  tei: 'Args max-batch-tokens smaller (8192 instead of 16384)',
}

/** Memory of a GPU, and GPUs that fail. */
export const DEVICE_CAUSES: readonly Cause[] = [
  {
    id: 'device-memory',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.allLines, ...DEVICE_OOM_WORDS),
    what: run =>
      `A GPU${gpuMemoryOf(run)} ran out of memory: the layers on it, its part of the KV cache and the buffers of a batch, which are largest while a long prompt is processed, do not fit together`,
    fix: run => OTHERS_ROOM[run.settings?.engine ?? 'llama.cpp'] ?? llamaRoom(run),
  },
  {
    id: 'gpu-lost',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.allLines, ...GPU_LOST_WORDS),
    what: () => 'A GPU failed: the driver, the device or its memory reported an error',
    fix: run =>
      `Look at the node (dmesg | grep -i xid, nvidia-smi -q), and drain it in Slurm until it is repaired: scontrol update NodeName=${run.slurm?.batchHost ?? 'NODE'} State=DRAIN Reason=gpu`,
  },
]

/**
 * slurmstepd's and srun's own (task_cgroup_memory.c, job_mem_limit.c); srun's is written so, CUDA's in small letters. And
 * ggml's, where the host refuses the memory at once instead of killing for it later.
 */
const OOM_WORDS = [
  /Detected \d+ oom[_-]kill event/,
  /srun: error: .*Out Of Memory/,
  /exceeded (?:job |step )?memory limit/,
  /OOM Killed/,
  /cpu_buffer_type_alloc_buffer: failed to allocate/,
  /(?:failed|unable) to allocate (?:CPU\S*|Host) buffer/,
]

/**
 * How slurmstepd names a KILL that was sent to a step through Slurm. It counts only where the supervisor saw it before it ended a
 * process itself: workers that the supervisor ends have the same words.
 */
const STEP_KILLED = /\*\*\* STEP .*CANCELLED.* DUE to SIGNAL Killed \*\*\*/

/** The words of ggml's backends, and of ggml when no backend could allocate. */
const DEVICE_OOM_WORDS = [
  /CUDA error: out of memory/i,
  /(?:cuda|hip|musa)Malloc\w* failed: out of memory/i,
  /(?:CUDA|HIP|ROCm|hip)\w* error:? .*out of memory/i,
  /ErrorOutOfDeviceMemory|Device memory allocation of size \d+ failed/,
  /failed to allocate (?:CUDA|ROCm|HIP|Vulkan|SYCL|MUSA|RPC)\S* buffer/i,
  /unable to allocate (?:CUDA|ROCm|HIP|Vulkan|SYCL|MUSA|RPC)\S* buffer/i,
  /failed to allocate compute (?:buffers|pp buffers|tg buffers)/,
  /torch\.(?:cuda\.)?OutOfMemoryError|CUDA out of memory/,
  // vLLM's and SGLang's own, where they find out before the driver does.
  /No available memory for the cache blocks/,
  /max seq len .* is larger than the (?:maximum number of tokens that can be stored in|available) KV cache/,
  /KV cache is needed, which is larger than the available KV cache memory/,
  /Free memory on device .* is less than desired GPU memory utilization/,
  /Not enough memory\. Please try to increase --mem-fraction-static/,
]

const GPU_LOST_WORDS = [
  /NVRM: Xid|\bXid \(PCI/,
  /uncorrectable (?:ECC|NVLink) error/i,
  /GPU is lost|fallen off the bus/i,
  /CUDA error: (?:unspecified launch failure|an illegal memory access|no CUDA-capable device|the launch timed out|device-side|all CUDA-capable devices are busy|.*device (?:is|not|unavailable).*)/i,
  /ErrorDeviceLost/,
]

function memOf({ settings }: Run): string {
  return settings?.slurm.mem === undefined ? '' : `=${settings.slurm.mem}`
}

function gpuMemoryOf({ settings }: Run): string {
  return settings?.gpu?.memory === undefined ? '' : ` of ${settings.gpu.memory}`
}

function llamaRoom(run: Run): string {
  return `Any of these makes room: args batch-size and ubatch-size smaller (512 instead of 1024); ${run.settings?.rpc === undefined ? 'fewer layers on the GPU (args gpu-layers)' : 'fewer layers on that node (rpc.layers)'}; a smaller context; a quantized K cache (args cache-type-k q8_0 or q4_0)`
}
