/**
 * What says which GPUs a process sees: NVIDIA, AMD (runtime, HIP, OpenCL), Intel. Slurm sets those of its gres plugin, by index or
 * by name (a UUID, a MIG device); indices are not 0-based where devices are not confined (reference: slurm.conf(5) ConstrainDevices).
 */
const VISIBLE = [
  'CUDA_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
  'HIP_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'ZE_AFFINITY_MASK',
]

export type GpuSlices =
  /** The environment of each engine, in place of what it would inherit. */
  | { readonly slices: readonly Readonly<Record<string, string>>[] }
  /** Why they cannot be divided. */
  | { readonly problem: string }

/** Divides the GPUs that `env` names into `engines` disjoint slices of `each`, in their order. */
export function gpuSlices(env: Readonly<Record<string, string | undefined>>, engines: number, each: number): GpuSlices {
  const given = VISIBLE.flatMap(name => {
    const devices = env[name]?.split(',').filter(device => device !== '') ?? []
    return devices.length === 0 ? [] : [{ name, devices }]
  })
  const wrong = given.find(one => one.devices.length !== engines * each)
  if (given.length === 0) return { problem: `nothing says which GPUs are the job's (${VISIBLE[0]} is not set)` }
  if (wrong !== undefined) {
    const { name, devices } = wrong
    return { problem: `${name} names ${devices.length} GPUs (${devices.join(',')}), and it takes ${engines} × ${each}` }
  }
  const slice = (devices: readonly string[], engine: number) =>
    devices.slice(engine * each, (engine + 1) * each).join(',')
  return {
    slices: Array.from({ length: engines }, (_, engine) =>
      Object.fromEntries(given.map(({ name, devices }) => [name, slice(devices, engine)])),
    ),
  }
}
