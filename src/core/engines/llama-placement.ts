/** The devices on which llama.cpp places a model. */
export interface LlamaPlacement {
  /** Layers of the head and of each worker; undefined: llama.cpp divides by free memory. */
  readonly layers: readonly number[] | undefined
  /** The head's devices as `--list-devices` names them, such as CUDA0; none: its layers stay on its processors. */
  readonly headDevices: readonly string[]
  readonly workers: readonly {
    readonly address: string
    readonly port: number
    /** The number of its devices; 1 for a worker without a GPU. */
    readonly devices: number
  }[]
}

/** More layers than any model has: all of them. */
const ALL_LAYERS = 9_999

/**
 * The arguments that spread one model over a head and its RPC workers so that each node holds exactly its layers.
 *
 * llama.cpp (reference: load_tensors() of llama-model.cpp) has one slot more than layers: the last slot is the output layer.
 * Devices are taken in the order of `--device`. Slot i of n goes to the first device whose cumulated share of `--tensor-split`
 * exceeds i/n, so shares in whole numbers of slots are met exactly. `--n-gpu-layers` leaves out the first layers, which stay on
 * the head's processors.
 */
export function placementArgv({ layers, headDevices, workers }: LlamaPlacement): string[] {
  const rpc = ['--rpc', workers.map(({ address, port }) => `${address}:${port}`).join(',')]
  // `-fit` would change the plan; with rows instead of layers, each layer would cross the network.
  const fixed = ['--fit', 'off', '--split-mode', 'layer']
  if (layers === undefined) return [...rpc, ...fixed, '--n-gpu-layers', String(ALL_LAYERS)]

  const [headLayers = 0, ...workerLayers] = layers
  const ownDevices = headLayers === 0 ? [] : headDevices
  const counts = workers.map(worker => worker.devices)
  const devices = [...ownDevices, ...Array.from({ length: sum(counts) }, (_, index) => `RPC${index}`)]
  const slots = [
    ...spread(headLayers, ownDevices.length),
    ...workerLayers.flatMap((count, index) => spread(count, counts[index] ?? 1)),
  ]
  const split = slots.map((count, index) => (index === slots.length - 1 ? count + 1 : count))
  return [
    ...rpc,
    ...fixed,
    ...['--device', devices.join(','), '--tensor-split', split.join(',')],
    ...['--n-gpu-layers', String(sum(split))],
  ]
}

/** With larger ones, V100s of a site ran out of memory at 40 000 tokens. */
const BATCH = '512'

/**
 * Over a network each part of a batch costs a round trip. So where only one of the two sizes is set, the other gets the same
 * value.
 */
export function matchedBatches(args: readonly string[]): string[] {
  const given = (flags: readonly string[]) => args[args.findLastIndex(word => flags.includes(word)) + 1]
  const batch = args.some(word => BATCH_FLAGS.includes(word)) ? given(BATCH_FLAGS) : undefined
  const micro = args.some(word => MICRO_FLAGS.includes(word)) ? given(MICRO_FLAGS) : undefined
  return [
    ...(batch === undefined ? ['--batch-size', micro ?? BATCH] : []),
    ...(micro === undefined ? ['--ubatch-size', batch ?? BATCH] : []),
  ]
}

const BATCH_FLAGS = ['--batch-size', '-b']
const MICRO_FLAGS = ['--ubatch-size', '-ub']

/** A node's layers divided evenly among its devices, the remainder to the first ones; empty without devices. */
export function spread(count: number, devices: number): number[] {
  return Array.from({ length: devices }, (_, index) => Math.floor((count + devices - 1 - index) / devices))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
