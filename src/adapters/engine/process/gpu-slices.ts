const ROCM = 'ROCR_VISIBLE_DEVICES'
/** Masks that count within ROCM's devices; HIP takes the first of the first two that is set (reference: ROCm, "GPU isolation techniques"). */
const ABOVE_ROCM = ['HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']

/**
 * Variables that set the visible GPUs of a process: NVIDIA, AMD (runtime, HIP, OpenCL), Intel. Slurm sets those of its gres plugin,
 * by index or by name (a UUID, a MIG device). Indices are not 0-based unless devices are confined (reference: slurm.conf(5)
 * ConstrainDevices).
 */
const VISIBLE = ['CUDA_VISIBLE_DEVICES', ROCM, 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL', 'ZE_AFFINITY_MASK']

type Environment = Readonly<Record<string, string | undefined>>

export type GpuSlices =
  /** The variables of each engine, in place of the inherited ones. */
  | { readonly slices: readonly Readonly<Record<string, string>>[] }
  /** Why they cannot be divided. */
  | { readonly problem: string }

interface Mask {
  readonly name: string
  readonly devices: readonly string[]
}

/**
 * Divides the GPUs in `env` into `engines` disjoint slices of `each`, in their order. In a mask on top of ROCM's, an engine gets
 * the first indices, because they count within its slice of ROCM's devices.
 */
export function gpuSlices(env: Environment, engines: number, each: number): GpuSlices {
  const given = VISIBLE.flatMap((name): readonly Mask[] => {
    const devices = env[name]?.split(',').filter(device => device !== '') ?? []
    return devices.length === 0 ? [] : [{ name, devices }]
  })
  const lowest = given.find(one => one.name === ROCM)
  const above =
    lowest === undefined ? [] : given.filter(one => ABOVE_ROCM.includes(one.name) && one.devices.every(isIndex))
  const chosen = lowest === undefined ? undefined : { ...lowest, devices: chosenBy(above, lowest.devices) }
  const masks = given
    .filter(one => !above.includes(one))
    .map(one => (one === lowest && chosen !== undefined ? chosen : one))
  const wrong = masks.find(one => one.devices.length !== engines * each)
  if (given.length === 0) return { problem: `the job's GPUs are not known (${VISIBLE[0]} is not set)` }
  if (wrong !== undefined) {
    const { name, devices } = wrong
    return { problem: `${name} names ${devices.length} GPUs (${devices.join(',')}), and it needs ${engines} × ${each}` }
  }
  const slice = (devices: readonly string[], engine: number) =>
    devices.slice(engine * each, (engine + 1) * each).join(',')
  const first = Array.from({ length: each }, (_, index) => index).join(',')
  return {
    slices: Array.from({ length: engines }, (_, engine) =>
      Object.fromEntries([
        ...masks.map(({ name, devices }) => [name, slice(devices, engine)]),
        ...above.map(({ name }) => [name, first]),
      ]),
    ),
  }
}

/** The devices of ROCM's mask that HIP shows; all of them if HIP's mask names others, such as Slurm's absolute numbers. */
function chosenBy(above: readonly Mask[], devices: readonly string[]): readonly string[] {
  const [first] = ABOVE_ROCM.flatMap(name => above.filter(one => one.name === name))
  const picked = first?.devices.flatMap(index => devices[Number(index)] ?? []) ?? []
  return first !== undefined && picked.length === first.devices.length ? picked : devices
}

function isIndex(device: string): boolean {
  return /^\d+$/.test(device)
}

/**
 * `env` without AMD's masks on a node without AMD GPUs. Slurm sets all masks where gres.conf does not name the vendor, and beside
 * them CUDA_VISIBLE_DEVICES would be taken for indices within ROCM's.
 */
export function masksInForce(env: Environment, isAmd: boolean): Environment {
  if (isAmd || env['CUDA_VISIBLE_DEVICES'] === undefined) return env
  const without = [ROCM, 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']
  return Object.fromEntries(Object.entries(env).filter(([name]) => !without.includes(name)))
}
