const ROCM = 'ROCR_VISIBLE_DEVICES'
/** What counts within ROCM's devices; HIP takes the first of the first two that is set (reference: ROCm, "GPU isolation techniques"). */
const ABOVE_ROCM = ['HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']

/**
 * What says which GPUs a process sees: NVIDIA, AMD (runtime, HIP, OpenCL), Intel. Slurm sets those of its gres plugin, by index or
 * by name (a UUID, a MIG device); indices are not 0-based where devices are not confined (reference: slurm.conf(5) ConstrainDevices).
 */
const VISIBLE = ['CUDA_VISIBLE_DEVICES', ROCM, 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL', 'ZE_AFFINITY_MASK']

type Environment = Readonly<Record<string, string | undefined>>

export type GpuSlices =
  /** The environment of each engine, in place of what it would inherit. */
  | { readonly slices: readonly Readonly<Record<string, string>>[] }
  /** Why they cannot be divided. */
  | { readonly problem: string }

interface Mask {
  readonly name: string
  readonly devices: readonly string[]
}

/**
 * Divides the GPUs that `env` names into `engines` disjoint slices of `each`, in their order. Of a mask above ROCM's, an engine
 * gets the first indices: they count within what ROCM's slice leaves.
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
  if (given.length === 0) return { problem: `nothing says which GPUs are the job's (${VISIBLE[0]} is not set)` }
  if (wrong !== undefined) {
    const { name, devices } = wrong
    return { problem: `${name} names ${devices.length} GPUs (${devices.join(',')}), and it takes ${engines} × ${each}` }
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

/** Of ROCM's devices those that HIP shows; all where it names what is not among them, as Slurm's own absolute numbers. */
function chosenBy(above: readonly Mask[], devices: readonly string[]): readonly string[] {
  const [first] = ABOVE_ROCM.flatMap(name => above.filter(one => one.name === name))
  const picked = first?.devices.flatMap(index => devices[Number(index)] ?? []) ?? []
  return first !== undefined && picked.length === first.devices.length ? picked : devices
}

function isIndex(device: string): boolean {
  return /^\d+$/.test(device)
}

/**
 * `env` without AMD's masks on a node whose GPUs are another's: Slurm sets them all where gres.conf does not say whose the GPUs are,
 * and beside them CUDA_VISIBLE_DEVICES would be taken for indices within ROCM's.
 */
export function masksInForce(env: Environment, isAmd: boolean): Environment {
  if (isAmd || env['CUDA_VISIBLE_DEVICES'] === undefined) return env
  const without = [ROCM, 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']
  return Object.fromEntries(Object.entries(env).filter(([name]) => !without.includes(name)))
}
