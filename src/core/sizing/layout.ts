import type { EngineSettings } from './engine-settings.ts'
import { placeSlots, tensorSplitFor } from './layer-split.ts'
import type { ModelShape } from './model-shape.ts'

/** The memory for a model: the devices in the order of `--device`, and the memory of the engine's node. */
export interface Layout {
  readonly devices: readonly Device[]
  /** Layers of each device; undefined: as llama.cpp divides them. */
  readonly layers: readonly number[] | undefined
  /** Bytes that the job may use on the engine's node (`--mem`); undefined: not known. */
  readonly hostBytes: number | undefined
}

export interface Device {
  readonly name: string
  /** Undefined: not known. */
  readonly bytes: number | undefined
  /** On another node, behind an RPC worker. */
  readonly isRemote: boolean
}

/** The host, among numbers of devices. */
export const HOST = -1

export interface ModelPlacement {
  /** The device of each layer, or HOST. */
  readonly layers: readonly number[]
  readonly output: number
  /** Batches pass through the devices as a pipeline, so inputs are kept several times. */
  readonly isPipelined: boolean
}

/** llama.cpp, src/llama-model.cpp (load_tensors) and llama-context.cpp (pipeline parallelism). */
export function placeModel(shape: ModelShape, settings: EngineSettings, layout: Layout): ModelPlacement {
  const slots = shape.layers.length + 1
  const used =
    settings.splitMode === 'none' ? layout.devices.slice(settings.mainGpu, settings.mainGpu + 1) : layout.devices
  const first = settings.splitMode === 'none' ? settings.mainGpu : 0
  const onGpu = used.length === 0 || settings.gpuLayers === 'all' ? slots : Math.min(settings.gpuLayers, slots)
  const places = used.length === 0 ? [] : placeSlots(splitOf(settings, layout, used), onGpu).map(place => place + first)
  const all = [...Array.from({ length: slots - places.length }, () => HOST), ...places]
  return {
    layers: all.slice(0, -1),
    output: all.at(-1) ?? HOST,
    isPipelined:
      used.length > 1 &&
      places.length === slots &&
      settings.splitMode === 'layer' &&
      !settings.cacheOnHost &&
      settings.overrides.length === 0,
  }
}

function splitOf(
  { tensorSplit, splitMode }: EngineSettings,
  { layers, devices }: Layout,
  used: readonly Device[],
): readonly number[] {
  if (splitMode === 'none') return [1]
  if (layers?.some(count => count > 0)) return tensorSplitFor(layers)
  if (tensorSplit?.slice(0, used.length).some(share => share > 0)) {
    return devices.map((_, device) => tensorSplit[device] ?? 0)
  }
  // Its default divides by free memory; where that is not known, the devices count as equal.
  const sizes = used.map(device => device.bytes)
  return sizes.every(size => size !== undefined && size > 0) ? (sizes as readonly number[]) : used.map(() => 1)
}
