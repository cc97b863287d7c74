import { type Gguf, type GgufTensor, type GgufValue, writeGguf } from '../../support/gguf.ts'

/** How much a token costs. The answer's length in seconds is its tokens times that. */
export type ModelShape = {
  layers: number
  /** A multiple of 4. */
  width: number
  /** Words that the model can say, besides the 259 tokens that it cannot. */
  words: number
  contextTokens: number
}

/** Thousands of tokens a second; about a megabyte. */
export const SMALL_MODEL: ModelShape = { layers: 6, width: 64, words: 128, contextTokens: 8192 }

/** Some 70 tokens a second with `--threads 1` on a core of its own; 150 MB. 700 tokens are a request of ten seconds. */
export const SLOW_MODEL: ModelShape = { layers: 64, width: 256, words: 128, contextTokens: 8192 }

/**
 * Writes a llama model with random weights from a fixed seed: real inference, no sense. It never says the end-of-sequence
 * token nor a byte, so an answer has exactly max_tokens tokens, each a word of its own in the stream.
 */
export async function writeModel(path: string, shape: ModelShape = SMALL_MODEL): Promise<void> {
  await writeGguf(path, describeModel(shape))
}

/** Two heads that share one key and value: what attention costs, and with it the speed, hardly grows with the answer. */
const HEADS = 2
const SEED = 20_480_517

/** Tokens that the model reads but never says; their ids come first. */
const SILENT_TOKENS = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`)]

/** llama_token_type */
const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, byte: 6 } as const

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}{{ 'assistant:' }}"

function describeModel(shape: ModelShape): Gguf {
  return { header: describeHeader(shape), tensors: describeTensors(shape) }
}

function describeHeader({ layers, width, words, contextTokens }: ModelShape): Record<string, GgufValue> {
  const tokens = [...SILENT_TOKENS, ...Array.from({ length: words }, (_, index) => wordToken(index))]
  return {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: 'lab' },
    'llama.context_length': { type: 'uint32', value: contextTokens },
    'llama.embedding_length': { type: 'uint32', value: width },
    'llama.block_count': { type: 'uint32', value: layers },
    'llama.feed_forward_length': { type: 'uint32', value: 2 * width },
    'llama.attention.head_count': { type: 'uint32', value: HEADS },
    'llama.attention.head_count_kv': { type: 'uint32', value: 1 },
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'llama.rope.dimension_count': { type: 'uint32', value: width / HEADS },
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.scores': { type: 'float32s', value: tokens.map((_, id) => -id) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: tokens.map((_, id) => tokenType(id)) },
    'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 0 },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 2 },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
    'tokenizer.chat_template': { type: 'string', value: CHAT_TEMPLATE },
  }
}

/**
 * Element 0 of the hidden state is the same for every token and at every layer: each embedding sets it and no layer
 * writes to it (its rows of attn_output and ffn_down are zero). The output row of a silent token looks at nothing else,
 * with a large negative weight, so its logit is out of reach of every sampler; a word's row looks at all the others.
 */
function describeTensors({ layers, width, words }: ModelShape): readonly GgufTensor[] {
  const random = mulberry32(SEED)
  const noise = (data: Float32Array, scale: number) => {
    for (let index = 0; index < data.length; index++) {
      data[index] = (2 * random() - 1) * scale
    }
  }
  const ones = (data: Float32Array) => void data.fill(1)
  const matrix = (name: string, columns: number, rows: number, change?: GgufTensor['fill']): GgufTensor => ({
    name,
    shape: [columns, rows],
    fill: data => {
      noise(data, Math.sqrt(3 / columns))
      change?.(data)
    },
  })
  const sparingElement0 = (columns: number) => (data: Float32Array) => void data.fill(0, 0, columns)
  const vocabulary = SILENT_TOKENS.length + words
  const block = (index: number): readonly GgufTensor[] => {
    const name = (part: string) => `blk.${index}.${part}.weight`
    return [
      { name: name('attn_norm'), shape: [width], fill: ones },
      matrix(name('attn_q'), width, width),
      matrix(name('attn_k'), width, width / HEADS),
      matrix(name('attn_v'), width, width / HEADS),
      matrix(name('attn_output'), width, width, sparingElement0(width)),
      { name: name('ffn_norm'), shape: [width], fill: ones },
      matrix(name('ffn_gate'), width, 2 * width),
      matrix(name('ffn_up'), width, 2 * width),
      matrix(name('ffn_down'), 2 * width, width, sparingElement0(2 * width)),
    ]
  }
  return [
    matrix('token_embd.weight', width, vocabulary, data => eachRow(data, width, row => void row.fill(1, 0, 1))),
    ...Array.from({ length: layers }, (_, index) => block(index)).flat(),
    { name: 'output_norm.weight', shape: [width], fill: ones },
    matrix('output.weight', width, vocabulary, data =>
      eachRow(data, width, (row, id) => {
        if (id < SILENT_TOKENS.length) {
          row.fill(0)
        }
        row[0] = id < SILENT_TOKENS.length ? -SILENCE : 0
      }),
    ),
  ]
}

/** Times element 0 after the last norm (at least a hundredth), it is far below the logits of words, which are about one. */
const SILENCE = 1e5

function eachRow(data: Float32Array, width: number, change: (row: Float32Array, index: number) => void): void {
  for (let index = 0; index * width < data.length; index++) {
    change(data.subarray(index * width, (index + 1) * width), index)
  }
}

function wordToken(index: number): string {
  const consonants = 'bdfgklmnprstvz'
  const vowels = 'aeiou'
  const syllables = consonants.length * vowels.length
  let word = ''
  // The first word has one syllable more than needed, so that no word is the beginning of all.
  for (let rest = index + syllables; rest > 0; rest = Math.floor(rest / syllables)) {
    const syllable = rest % syllables
    word += `${consonants[Math.floor(syllable / vowels.length)]}${vowels[syllable % vowels.length]}`
  }
  // SentencePiece's mark for "a word begins".
  return `\u2581${word}`
}

function tokenType(id: number): number {
  if (id === 0) {
    return TOKEN_TYPES.unknown
  }
  if (id < 3) {
    return TOKEN_TYPES.control
  }
  return id < SILENT_TOKENS.length ? TOKEN_TYPES.byte : TOKEN_TYPES.normal
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

/** A small well-known generator: the same weights on every machine, which Math.random cannot give. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
