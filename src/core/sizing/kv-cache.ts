import type { EngineSettings } from './engine-settings.ts'
import { cacheElementBytes } from './ggml-types.ts'
import type { LayerShape, ModelShape } from './model-shape.ts'

/** The tokens in the cache of a layer: over all slots, and within one stream. */
export interface Cells {
  readonly full: number
  readonly sliding: number
  /** The tokens that one token can attend to: with a cache for each slot, that slot's part. */
  readonly fullPerStream: number
  readonly slidingPerStream: number
}

/** Parts of the context, and windows, are rounded up to this (llama.cpp: GGML_PAD(…, 256)). */
export const CELL_STEP = 256

/** llama.cpp, src/llama-context.cpp (n_ctx_seq) and llama-kv-cache-iswa.cpp (size_swa). */
export function cellsOf({ window, trainedContext }: ModelShape, settings: EngineSettings): Cells {
  const { slots, isUnified, ubatch, hasFullWindows } = settings
  const context = settings.context || (trainedContext ?? 0)
  const streams = isUnified ? 1 : slots
  const fullPerStream = padded(isUnified ? context : Math.floor(context / slots))
  const seen = padded((window ?? 0) * (isUnified ? slots : 1) + ubatch)
  const slidingPerStream = window === undefined || hasFullWindows ? fullPerStream : Math.min(fullPerStream, seen)
  return { full: streams * fullPerStream, sliding: streams * slidingPerStream, fullPerStream, slidingPerStream }
}

/** Bytes of the keys and values of one layer. */
export function layerCacheBytes(layer: LayerShape, shape: ModelShape, settings: EngineSettings): number {
  if (layer.headsKv === 0) return 0
  const cells = cellsOf(shape, settings)
  const keys = layer.headsKv * layer.keyLength
  const perCell =
    keys * cacheElementBytes(settings.keyType) +
    valueElements(layer, shape, settings) * cacheElementBytes(settings.valueType)
  return perCell * (layer.slides ? cells.sliding : cells.full)
}

/** Without flash attention values lie transposed, in rows as long as the longest layer's (llama.cpp, n_embd_v_gqa_max). */
function valueElements(layer: LayerShape, shape: ModelShape, settings: EngineSettings): number {
  const own = layer.headsKv * layer.valueLength
  return usesFlashAttention(settings) || own === 0 ? own : longestValues(shape)
}

export function longestValues({ layers }: ModelShape): number {
  return Math.max(0, ...layers.map(layer => layer.headsKv * layer.valueLength))
}

/** `auto` turns it on if the device supports it, and every GPU that llama.cpp knows does. */
export function usesFlashAttention({ flashAttention }: EngineSettings): boolean {
  return flashAttention !== 'off'
}

function padded(cells: number): number {
  return Math.ceil(cells / CELL_STEP) * CELL_STEP
}
