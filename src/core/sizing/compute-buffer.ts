import type { EngineSettings } from './engine-settings.ts'
import { cellsOf, longestValues, usesFlashAttention } from './kv-cache.ts'
import type { LayerShape, ModelShape } from './model-shape.ts'

/**
 * The scratch memory of one device. llama.cpp reserves it for the worst batch. How its allocator reuses memory within a layer is
 * not documented, so the small numbers here were measured with llama-fit-params of build 11669, over models of six architectures
 * on one to three devices. They agree with it within 5 %, or stay above it.
 */
export interface ComputeFacts {
  readonly shape: ModelShape
  readonly settings: EngineSettings
  /** The layers on this device. */
  readonly layers: readonly LayerShape[]
  readonly hasOutput: boolean
}

/** Rows of embeddings that are alive at once, besides the biggest buffer. */
const ROWS = {
  /** All layers are on one device. */
  alone: 4,
  /** Some layers are on the host. */
  beside: 3,
  /** The first of several devices, which also keeps the inputs (each four times), and the others. */
  first: 16,
  behind: 11,
  /** The host, where it computes layers itself. */
  host: 5,
  /** The host, where it only hands inputs to one device, or to several. */
  feedingOne: 4,
  feedingSeveral: 10,
} as const

/** GGML_SCHED_MAX_COPIES: of masks and inputs, while batches go through several devices. */
const PIPELINE_COPIES = 4

export type ComputeRole = keyof typeof ROWS

/** Bytes. */
export function computeBytes(facts: ComputeFacts, role: ComputeRole): number {
  const copies = role === 'first' || role === 'behind' || role === 'feedingSeveral' ? PIPELINE_COPIES : 1
  const row = rowBytes(facts.shape.embedding, facts)
  const inputs = ROWS[role] * row + copies * maskBytes(facts)
  if (role === 'feedingOne' || role === 'feedingSeveral') return inputs
  // Models with two kinds of cache sometimes hold one row more.
  return inputs + largestBytes(facts) + (facts.shape.window === undefined ? 0 : row)
}

/** 32-bit floats for each token of a batch. */
function rowBytes(length: number, { settings }: ComputeFacts): number {
  return length * settings.ubatch * 4
}

/** The biggest buffer on the way through a layer: attention, the feed-forward matrices, or at the end the logits. */
function largestBytes(facts: ComputeFacts): number {
  const { shape, layers, hasOutput } = facts
  return Math.max(
    ...layers.map(layer => Math.max(attentionBytes(layer, facts), feedForwardBytes(layer, facts))),
    // llama.cpp reserves one for every token of a batch, although a server needs one for each slot.
    hasOutput ? rowBytes(shape.vocabulary, facts) : 0,
    rowBytes(shape.embedding, facts),
  )
}

function attentionBytes(layer: LayerShape, facts: ComputeFacts): number {
  const { shape, settings } = facts
  const own = rowBytes(layer.heads * layer.keyLength, facts)
  const embedding = rowBytes(shape.embedding, facts)
  const latent = rowBytes(layer.heads * (layer.keyLength + (layer.latentLength ?? 0)), facts)
  const queries = layer.latentLength === undefined ? (own > embedding ? 2 * own : 0) : latent
  if (usesFlashAttention(settings)) return queries
  const cells = cellsOf(shape, settings)
  const cached = layer.slides ? cells.slidingPerStream : cells.fullPerStream
  const seen = shape.isEncoder ? settings.ubatch : layer.headsKv === 0 ? 0 : cached
  const scores = rowBytes(layer.heads * seen, facts)
  return scores + Math.max(queries, embedding)
}

/** Both products and their result, unless they fit into the memory of the embeddings. */
function feedForwardBytes(layer: LayerShape, facts: ComputeFacts): number {
  return layer.feedForward <= facts.shape.embedding ? 0 : 3 * rowBytes(layer.feedForward, facts)
}

/** The attention masks, one for each kind of cache; without flash attention in 32 bits, with the targets of the values. */
function maskBytes({ shape, settings, layers }: ComputeFacts): number {
  const cells = cellsOf(shape, settings)
  if (shape.isEncoder) return (usesFlashAttention(settings) ? 2 : 4) * settings.ubatch * settings.ubatch
  const kinds = [
    ...(layers.some(layer => layer.headsKv > 0 && !layer.slides) ? [cells.fullPerStream] : []),
    ...(layers.some(layer => layer.headsKv > 0 && layer.slides) ? [cells.slidingPerStream] : []),
  ]
  const seen = kinds.reduce((sum, count) => sum + count, 0) * settings.ubatch
  if (usesFlashAttention(settings)) return 2 * seen
  return 4 * seen + kinds.length * settings.ubatch * longestValues(shape) * 8
}
