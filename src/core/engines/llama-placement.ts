/** What llama.cpp is to place a model on. */
export interface LlamaPlacement {
  /** Of the head and of each worker; undefined: llama.cpp divides by free memory. */
  readonly layers: readonly number[] | undefined
  /** The head's devices as `--list-devices` names them, such as CUDA0; none: its layers stay on its processors. */
  readonly headDevices: readonly string[]
  readonly workers: readonly {
    readonly address: string
    readonly port: number
    /** How many devices it serves; 1 for one without a GPU. */
    readonly devices: number
  }[]
}

/** More layers than any model has: all of them. */
const ALL_LAYERS = 9_999

/**
 * The arguments that spread one model over a head and its RPC workers so that each node holds exactly its layers.
 *
 * llama.cpp (reference: load_tensors() of llama-model.cpp) has one slot more than there are layers: the last, the output
 * layer, goes where `--tensor-split` puts the slot after the last layer. Devices are taken in the order of `--device`;
 * slot i of n goes to the first device whose cumulated share exceeds i/n, so shares that are whole numbers of slots come
 * out exactly. What `--n-gpu-layers` leaves out are the first layers, which stay on the head's processors.
 */
export function placementArgv({ layers, headDevices, workers }: LlamaPlacement): string[] {
  const rpc = ['--rpc', workers.map(({ address, port }) => `${address}:${port}`).join(',')]
  // `-fit` would change what was planned; rows instead of layers would cross the network within each of them.
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

/** The seed's site: with larger ones its GPUs ran out of memory at 40 000 tokens. */
const BATCH = '512'

/**
 * Over a network a batch that is cut into smaller ones costs a round trip for each: what the user left open of the two
 * sizes becomes what the other one is.
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

/** A node's layers among its devices, as evenly as whole numbers go, the first ones getting what is left over; nothing where there is no device. */
export function spread(count: number, devices: number): number[] {
  return Array.from({ length: devices }, (_, index) => Math.floor((count + devices - 1 - index) / devices))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
