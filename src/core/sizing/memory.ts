import { type ComputeRole, computeBytes } from './compute-buffer.ts'
import type { EngineSettings } from './engine-settings.ts'
import { layerCacheBytes } from './kv-cache.ts'
import { HOST, type Layout, type ModelPlacement, placeModel } from './layout.ts'
import type { ModelShape, ModelTensor } from './model-shape.ts'

/** The memory of a model in bytes: the numbers of llama-fit-params, and of the engine's own "buffer size" lines. */
export interface MemoryUse {
  readonly devices: readonly DeviceUse[]
  readonly host: HostUse
}

export interface BufferUse {
  readonly weights: number
  readonly kv: number
  readonly compute: number
}

export interface DeviceUse extends BufferUse {
  readonly name: string
  readonly layers: number
  readonly hasOutput: boolean
}

export interface HostUse extends BufferUse {
  /** Prompts that are cached: --cache-ram. */
  readonly promptCache: number
  /** The program itself, with its GPU runtime. */
  readonly process: number
  /** Weights that are locked in memory; the job's limit of locked memory must allow it. */
  readonly locked: number
  /** File pages that are read once while the model loads; the kernel may drop them again. */
  readonly pageCache: number
}

/** Mappings of CUDA, its pinned buffers, the tokenizer and the server: measured between 0.5 and 1 GB. */
const PROCESS_BYTES = 2 ** 30

export function memoryUse(shape: ModelShape, settings: EngineSettings, layout: Layout): MemoryUse {
  const placement = placeModel(shape, settings, layout)
  const weights = placeWeights(shape, settings, placement)
  const kv = shape.layers.map(layer => layerCacheBytes(layer, shape, settings))
  const kvOn = (place: number) =>
    sum(kv.filter((_, layer) => (settings.cacheOnHost ? HOST : placement.layers[layer]) === place))
  const roles = rolesOf(placement, layout, settings)
  const compute = (place: number) => {
    const role = roles(place)
    const isFed = role === 'feedingOne' || role === 'feedingSeveral'
    const layers = shape.layers.filter(
      (_, layer) => isFed || placement.layers[layer] === place || computesAll(place, settings),
    )
    return role === undefined
      ? 0
      : computeBytes({ shape, settings, layers, hasOutput: placement.output === place }, role)
  }
  return {
    devices: layout.devices.map(({ name, isRemote }, device) => ({
      name,
      layers: placement.layers.filter(place => place === device).length,
      hasOutput: placement.output === device,
      weights: weights.on(device),
      kv: kvOn(device),
      compute: compute(device) + (isRemote || roles(device) === undefined ? 0 : weights.visiting),
    })),
    host: {
      weights: weights.on(HOST),
      kv: kvOn(HOST),
      compute: compute(HOST),
      promptCache: shape.isEncoder ? 0 : (settings.promptCacheBytes ?? 0),
      process: PROCESS_BYTES,
      locked: settings.isLocked ? weights.on(HOST) : 0,
      pageCache: settings.isDirect ? 0 : sum(shape.tensors.map(tensor => tensor.bytes)),
    },
  }
}

/** Weights and cache of each layer on its device, bytes. */
export function layerBytes(shape: ModelShape, settings: EngineSettings): readonly number[] {
  const bytes = shape.layers.map(layer => (settings.cacheOnHost ? 0 : layerCacheBytes(layer, shape, settings)))
  for (const { layer, name, bytes: own } of shape.tensors) {
    if (layer !== undefined && !isOnHost(name, settings)) bytes[layer] = (bytes[layer] ?? 0) + own
  }
  return bytes
}

/** Undefined: the device computes nothing. */
function rolesOf(placement: ModelPlacement, { devices }: Layout, { overrides }: EngineSettings) {
  const isUsed = (device: number) => placement.layers.includes(device) || placement.output === device
  const first = devices.findIndex((_, device) => isUsed(device))
  const isWhole = !placement.layers.includes(HOST)
  return (place: number): ComputeRole | undefined => {
    if (place !== HOST) {
      if (!isUsed(place)) return undefined
      if (!placement.isPipelined) return isWhole ? 'alone' : 'beside'
      return place === first ? 'first' : 'behind'
    }
    if (!isWhole || first === -1 || overrides.some(one => one.isHost)) return 'host'
    return placement.isPipelined ? 'feedingSeveral' : 'feedingOne'
  }
}

/** The host computes tensors that were moved there out of layers on other devices. */
function computesAll(place: number, { overrides }: EngineSettings): boolean {
  return place === HOST && overrides.some(one => one.isHost)
}

function placeWeights(shape: ModelShape, settings: EngineSettings, placement: ModelPlacement) {
  const bytes = new Map<number, number>()
  const put = (place: number, count: number) => void bytes.set(place, (bytes.get(place) ?? 0) + count)
  const onHost: ModelTensor[] = []
  for (const tensor of shape.tensors) {
    const own = placeOf(tensor, placement)
    const place = isOnHost(tensor.name, settings) ? HOST : own
    put(place, tensor.bytes)
    if (place === HOST && tensor.layer !== undefined) onHost.push(tensor)
    // The embeddings are looked up on the host; used as the output layer, they are stored there once more.
    if (shape.isTied && tensor.name === 'token_embd.weight' && placement.output !== HOST)
      put(placement.output, tensor.bytes)
  }
  return {
    on: (place: number) => bytes.get(place) ?? 0,
    /** For a long prompt, weights of the host are sent to the GPU one matrix after the other. */
    visiting: Math.max(0, ...onHost.map(tensor => tensor.bytes)),
  }
}

function isOnHost(name: string, { overrides }: EngineSettings): boolean {
  return overrides.find(({ pattern }) => pattern.test(name))?.isHost === true
}

function placeOf({ part, layer }: ModelTensor, placement: ModelPlacement): number {
  if (part === 'input') return HOST
  return layer === undefined ? placement.output : (placement.layers[layer] ?? placement.output)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
