import type { Engine } from '../../../core/engines/engine.ts'

/**
 * Variables that every engine may inherit: paths of programs and libraries, the locale, scratch space, and the GPUs that Slurm
 * assigned. Others are removed, above all variables that would configure an engine without its job script.
 */
const COMMON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|XDG_CACHE_HOME|LD_LIBRARY_PATH|OMP_[A-Z_]+|CUDA_[A-Z_]+|NVIDIA_[A-Z_]+|GPU_DEVICE_ORDINAL|ROCR_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|ZE_AFFINITY_MASK)$/

/** The engine's whole environment: inherited by allow-list, then the engine's own, then the tier's. */
export function engineEnvironment(
  engine: Engine,
  inherited: Readonly<Record<string, string | undefined>>,
  tierEnvironment: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(inherited).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (COMMON.test(entry[0]) || engine.keepsEnvironment.test(entry[0])),
  )
  // PCI order makes device numbers mean the same to Slurm, nvidia-smi and the engine ("Multi-node jobs",
  // docs/design/slurm.md).
  return { ...Object.fromEntries(kept), CUDA_DEVICE_ORDER: 'PCI_BUS_ID', ...engine.environment, ...tierEnvironment }
}
