/**
 * Where llama.cpp puts layers. A model has one slot more than layers: the last is the output layer. Slot `i` of `n`
 * goes to the first device whose share of the cumulated `--tensor-split` is above i/n, all in 32-bit floats
 * (llama.cpp, src/llama-model.cpp, load_tensors).
 */

/**
 * The `--tensor-split` that gives each device this many layers, and the output to the last one that has any.
 * Devices are in the order of `--device`. Both sides of llama.cpp's comparison are then the same division of two
 * whole numbers, so no rounding moves a layer. Throws when no device has a layer.
 */
export function tensorSplitFor(layers: readonly number[]): readonly number[] {
  const last = layers.findLastIndex(count => count > 0)
  if (last === -1) throw new Error(`Cannot split a model: none of ${layers.length} devices has a layer`)
  return layers.map((count, device) => (device === last ? count + 1 : count))
}

/** The inverse: how many of the layers `--tensor-split` gives to each device. The output is not counted. */
export function layersOf(tensorSplit: readonly number[], layers: number): readonly number[] {
  const places = placeSlots(tensorSplit, layers + 1).slice(0, layers)
  return tensorSplit.map((_, device) => places.filter(place => place === device).length)
}

/** The device of each slot; with fewer GPU layers than slots, these are the last ones of the model. */
export function placeSlots(tensorSplit: readonly number[], slots: number): readonly number[] {
  const sums: number[] = []
  for (const share of tensorSplit) sums.push(Math.fround((sums.at(-1) ?? 0) + Math.fround(share)))
  const total = sums.at(-1) ?? 0
  if (!(total > 0)) throw new Error(`Cannot place layers: the tensor split ${tensorSplit.join(',')} adds up to nothing`)
  const ends = sums.map(sum => Math.fround(sum / total))
  return Array.from({ length: slots }, (_, slot) => {
    const at = Math.fround(slot / slots)
    return ends.findIndex(end => end > at)
  })
}
