import type { GgufHeader, GgufValue } from './gguf-header.ts'
import { slidingWindow } from './sliding-window.ts'

/** The properties of a model that decide its memory. Bytes as in the file; lengths in elements. */
export interface ModelShape {
  readonly name: string | undefined
  readonly architecture: string
  readonly embedding: number
  readonly vocabulary: number
  /** The longest context that it was trained for; undefined: not in the file. */
  readonly trainedContext: number | undefined
  readonly layers: readonly LayerShape[]
  /** An encoder: it reads a text at once and keeps no cache, and a batch attends to itself. */
  readonly isEncoder: boolean
  /** The window of the sliding layers, in tokens. */
  readonly window: number | undefined
  readonly tensors: readonly ModelTensor[]
  /** The output uses the embeddings again. */
  readonly isTied: boolean
  /** What the file does not state, or this version does not know; one line each. */
  readonly unknown: readonly string[]
}

export interface LayerShape {
  readonly heads: number
  /** 0: it keeps no cache. */
  readonly headsKv: number
  readonly keyLength: number
  /** 0: the values are part of the keys (multi-head latent attention). */
  readonly valueLength: number
  readonly slides: boolean
  /** The length of queries and results for one token and head during computation, where it differs from that of keys and values. */
  readonly latentLength: number | undefined
  /** Elements between the feed-forward matrices for one token, over all experts that it uses. */
  readonly feedForward: number
}

export interface ModelTensor {
  readonly name: string
  readonly bytes: number
  readonly part: 'input' | 'output' | 'attention' | 'feedForward' | 'experts'
  /** Undefined: not part of a layer. */
  readonly layer: number | undefined
}

/** LLAMA_MAX_LAYERS of llama.cpp, src/llama-hparams.h. */
const MOST_LAYERS = 512

/** The shape, or the reason why there is none, which continues "Cannot plan <file>: ". The header is the sum of all shards. */
export function modelShape(header: GgufHeader): ModelShape | { readonly wrong: string } {
  const facts = new Facts(header)
  const { architecture } = facts
  if (architecture === undefined) return { wrong: 'it does not name its architecture' }
  const count = facts.number('block_count')
  const embedding = facts.number('embedding_length')
  if (count === undefined || embedding === undefined) {
    return { wrong: `it has no ${architecture}.${count === undefined ? 'block_count' : 'embedding_length'}` }
  }
  if (!Number.isInteger(count) || count < 1 || count > MOST_LAYERS)
    return { wrong: `it claims ${count} layers, and llama.cpp accepts 1 to ${MOST_LAYERS}` }
  const tensors = header.tensors.map(({ name, bytes }) => ({ name, bytes, ...placeOf(name) }))
  const embeddings = header.tensors.find(tensor => tensor.name === 'token_embd.weight')
  const vocabulary = embeddings?.shape[1] ?? facts.number('vocab_size')
  if (vocabulary === undefined) return { wrong: 'it has no token_embd.weight' }
  const window = windowOf(facts, count)
  const slides = window === undefined || window === 'unknown' ? [] : window.slides
  return {
    name: typeof facts.text('general.name') === 'string' ? facts.text('general.name') : undefined,
    architecture,
    embedding,
    vocabulary,
    trainedContext: facts.number('context_length'),
    layers: Array.from({ length: count }, (_, layer) =>
      layerShape(facts, { layer, count, embedding, slides: slides[layer] ?? false }),
    ),
    isEncoder: ENCODERS.has(architecture),
    window: window === undefined || window === 'unknown' ? undefined : window.tokens,
    tensors,
    isTied: !tensors.some(tensor => tensor.name === 'output.weight'),
    unknown: unknownOf(facts, header, window === 'unknown'),
  }
}

/** The metadata by llama.cpp's names, without the prefix of the architecture. */
class Facts {
  readonly architecture: string | undefined
  private readonly metadata: ReadonlyMap<string, GgufValue>

  constructor({ metadata }: GgufHeader) {
    this.metadata = metadata
    this.architecture = this.text('general.architecture')
  }

  text(key: string): string | undefined {
    const value = this.metadata.get(key)
    return typeof value === 'string' ? value : undefined
  }

  value(key: string): GgufValue | undefined {
    return this.metadata.get(`${this.architecture}.${key}`)
  }

  number(key: string): number | undefined {
    const value = this.value(key)
    return typeof value === 'number' ? value : undefined
  }

  /** A number for all layers, or one for each. */
  ofLayer(key: string, layer: number): number | undefined {
    const value = this.value(key)
    if (!Array.isArray(value)) return typeof value === 'number' ? value : undefined
    const one = value[layer]
    return typeof one === 'number' ? one : undefined
  }

  list(key: string): readonly (number | boolean)[] | undefined {
    const value = this.value(key)
    return Array.isArray(value) ? value : undefined
  }

  has(part: string): boolean {
    return [...this.metadata.keys()].some(key => key.startsWith(`${this.architecture}.${part}`))
  }
}

function windowOf(facts: Facts, layers: number) {
  const list = facts.list('attention.sliding_window_pattern')
  return slidingWindow({
    architecture: facts.architecture ?? '',
    layers,
    tokens: facts.number('attention.sliding_window'),
    pattern: list?.map(Boolean) ?? facts.number('attention.sliding_window_pattern'),
  })
}

interface LayerPlace {
  readonly layer: number
  readonly count: number
  readonly embedding: number
  readonly slides: boolean
}

/** llama.cpp, src/llama-model.cpp (load_hparams) and llama-hparams.cpp, which also have the defaults. */
function layerShape(facts: Facts, { layer, count, embedding, slides }: LayerPlace): LayerShape {
  const heads = facts.ofLayer('attention.head_count', layer) ?? 0
  const headLength = heads === 0 ? 0 : Math.floor(embedding / heads)
  const of = (key: string) => (slides ? facts.number(`${key}_swa`) : undefined) ?? facts.number(key) ?? headLength
  const isLatent = facts.number('attention.key_length_mla') !== undefined
  const expertsUsed = facts.ofLayer('expert_used_count', layer) ?? 0
  const isDense = layer < (facts.number('leading_dense_block_count') ?? 0)
  const dense = facts.ofLayer('feed_forward_length', layer) ?? 0
  const experts = expertsUsed * (facts.number('expert_feed_forward_length') ?? dense)
  return {
    heads,
    headsKv: keepsCache(facts, layer, count) ? (facts.ofLayer('attention.head_count_kv', layer) ?? heads) : 0,
    keyLength: of('attention.key_length'),
    valueLength: isLatent ? 0 : of('attention.value_length'),
    slides,
    latentLength: isLatent
      ? (facts.number('attention.key_length_mla') ?? 0) + (facts.number('attention.kv_lora_rank') ?? 0)
      : undefined,
    feedForward: isDense || experts === 0 ? dense : experts,
  }
}

/** Architectures of which only every n-th layer attends to a cache; the others carry a state of fixed size. */
const HYBRID_INTERVAL: Readonly<Record<string, number>> = { qwen3next: 4, qwen35: 4, qwen35moe: 4 }

/** Architectures without a cache, diffusion models among them (src/llama-model.cpp, create_memory). */
const ENCODERS = new Set([
  ...['bert', 'nomic-bert', 'nomic-bert-moe', 'jina-bert-v2', 'jina-bert-v3', 'neo-bert', 'modern-bert', 'eurobert'],
  ...['gemma-embedding', 'llama-embed', 'wavtokenizer-dec', 'dream', 'llada', 'llada-moe', 'rnd1'],
])

/** Default of gemma3n's loader for the number of layers that share the caches of others. */
const GEMMA3N_KEEPING = 20

function keepsCache(facts: Facts, layer: number, count: number): boolean {
  if (ENCODERS.has(facts.architecture ?? '')) return false
  const unsaid = facts.architecture === 'gemma3n' ? Math.max(0, count - GEMMA3N_KEEPING) : 0
  if (layer >= count - (facts.number('attention.shared_kv_layers') ?? unsaid)) return false
  const interval = facts.number('full_attention_interval') ?? HYBRID_INTERVAL[facts.architecture ?? '']
  return interval === undefined || (layer + 1) % interval === 0
}

const INPUT = /^(token_embd|token_types|position_embd|per_layer_token_embd)/

function placeOf(name: string): Pick<ModelTensor, 'part' | 'layer'> {
  const layer = /^blk\.(\d+)\./.exec(name)?.[1]
  if (layer === undefined) return { part: INPUT.test(name) ? 'input' : 'output', layer: undefined }
  return { part: partOf(name), layer: Number(layer) }
}

function partOf(name: string): 'attention' | 'feedForward' | 'experts' {
  if (/\.ffn_(up|down|gate|gate_up)_(ch|)exps\./.test(name)) return 'experts'
  return /\.ffn_(up|down|gate|gate_up)\./.test(name) ? 'feedForward' : 'attention'
}

function unknownOf(facts: Facts, { tensors }: GgufHeader, isWindowUnknown: boolean): readonly string[] {
  const strange = tensors.filter(tensor => !tensor.knownType).length
  return [
    ...(isWindowUnknown
      ? [`which layers of ${facts.architecture} use its sliding window: each is counted with the whole context`]
      : []),
    ...(facts.has('ssm.') || facts.has('wkv.') ? ['the state of recurrent layers: it is not counted'] : []),
    ...(facts.number('nextn_predict_layers') ? ['layers that predict several tokens: counted as ordinary ones'] : []),
    ...(facts.has('attention.indexer.') || facts.has('attention.compress_ratios')
      ? ['the caches of sparse attention: they are not counted']
      : []),
    ...(strange > 0 ? [`the type of ${strange} tensors: counted as they lie in the file`] : []),
  ]
}
