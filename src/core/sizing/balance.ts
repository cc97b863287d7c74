import { checkFit } from './check-fit.ts'
import type { EngineSettings } from './engine-settings.ts'
import type { Layout } from './layout.ts'
import { layerBytes, memoryUse } from './memory.ts'
import type { ModelShape } from './model-shape.ts'

/**
 * The layers of each device, in their order, that leave the most memory free on the fullest one; undefined: no division fits,
 * or the devices' memory is not known.
 */
export function largestSplit(
  shape: ModelShape,
  settings: EngineSettings,
  layout: Layout,
): readonly number[] | undefined {
  const count = shape.layers.length
  const sizes = layout.devices.flatMap(device => device.bytes ?? [])
  if (sizes.length < layout.devices.length || count < sizes.length) return undefined
  // The memory of a device besides its layers hardly depends on their number.
  const even = evenly(count, sizes.length)
  const fixed = memoryUse(shape, settings, { ...layout, layers: even })
  const cost = layerBytes(shape, settings)
  const room = sizes.map((bytes, device) => {
    const { weights = 0, kv = 0, compute = 0, reserve = 0 } = checkFit(fixed, layout).devices[device] ?? {}
    const from = even.slice(0, device).reduce((sum, layers) => sum + layers, 0)
    const ofLayers = sumOf(cost.slice(from, from + (even[device] ?? 0)))
    return bytes - (weights + kv + compute + reserve - ofLayers)
  })
  let best: readonly number[] | undefined
  let low = 0
  for (let high = Math.max(...room); high - low > PRECISION_BYTES; ) {
    const spare = (low + high) / 2
    const filled = fill(
      cost,
      room.map(bytes => bytes - spare),
    )
    if (filled === undefined) high = spare
    else {
      best = filled
      low = spare
    }
  }
  const split = best ?? fill(cost, room)
  if (split === undefined) return undefined
  const isGood = checkFit(memoryUse(shape, settings, { ...layout, layers: split }), layout).devices.every(
    one => (one.free ?? 0) >= 0,
  )
  return isGood ? split : undefined
}

const PRECISION_BYTES = 2 ** 20

/** As evenly as whole numbers go. */
export function evenly(count: number, parts: number): readonly number[] {
  return Array.from(
    { length: parts },
    (_, part) => Math.floor((count * (part + 1)) / parts) - Math.floor((count * part) / parts),
  )
}

/** As many layers on each device as fit; undefined: some are left over. */
function fill(cost: readonly number[], room: readonly number[]): readonly number[] | undefined {
  let next = 0
  const layers = room.map(bytes => {
    let left = bytes
    const from = next
    for (let one = cost[next]; one !== undefined && one <= left; one = cost[next]) {
      left -= one
      next++
    }
    return next - from
  })
  return next === cost.length && layers.every(count => count > 0) ? layers : undefined
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
