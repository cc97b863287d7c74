import { checkFit } from './check-fit.ts'
import type { EngineSettings } from './engine-settings.ts'
import { CELL_STEP } from './kv-cache.ts'
import type { Layout } from './layout.ts'
import { memoryUse } from './memory.ts'
import type { ModelShape } from './model-shape.ts'

/**
 * Tokens over all slots, up to the length that the model was trained for; 0: not even the shortest fits. Undefined: the memory
 * of a device is not known.
 */
export function largestContext(shape: ModelShape, settings: EngineSettings, layout: Layout): number | undefined {
  if (layout.devices.some(device => device.bytes === undefined)) return undefined
  const step = CELL_STEP * (settings.isUnified ? 1 : settings.slots)
  const fits = (steps: number) =>
    checkFit(memoryUse(shape, { ...settings, context: steps * step }, layout), layout).shortages.length === 0
  const most = Math.max(1, Math.floor((shape.trainedContext ?? MOST_CONTEXT) / step))
  if (fits(most)) return most * step
  let good = 0
  for (let bad = most; bad - good > 1; ) {
    const middle = Math.floor((good + bad) / 2)
    if (fits(middle)) good = middle
    else bad = middle
  }
  return good * step
}

/** For a model that does not state its trained length. */
const MOST_CONTEXT = 2 ** 20
