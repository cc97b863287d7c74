import type { Gguf, GgufTensor, GgufValue, TensorType } from './gguf.ts'

/** What decides how much memory a model takes. */
export interface SizedModel {
  readonly architecture: 'llama' | 'qwen2' | 'gemma3' | 'deci' | 'deepseek2'
  readonly layers: number
  readonly embedding: number
  readonly heads: number
  /** One for all layers, or one a layer (deci). */
  readonly headsKv: number | readonly number[]
  /** Of a head; without it embedding / heads. */
  readonly headLength?: number
  readonly feedForward: number
  readonly vocabulary: number
  readonly trainedContext?: number
  /** The matrices of layers; F32 without it. Mixed: those that llama-quantize's Q4_K_M gives to each. */
  readonly weights?: TensorType | 'mixed'
  /** The output matrix and the embeddings; `weights` without it. */
  readonly ends?: TensorType
  /** No output matrix: the embeddings are used again. */
  readonly tied?: boolean
  readonly slidingWindow?: number
  readonly experts?: { readonly count: number; readonly used: number; readonly feedForward: number }
  readonly mla?: {
    readonly queryRank: number
    readonly kvRank: number
    readonly ropeLength: number
    readonly noRopeLength: number
    readonly valueLength: number
  }
}

/** A model whose weights are holes: llama.cpp loads it, and it says nothing that makes sense. */
export function describeSizedModel(model: SizedModel): Gguf {
  return { header: headerOf(model), tensors: tensorsOf(model) }
}

function headerOf(model: SizedModel): Record<string, GgufValue> {
  const { architecture, layers, embedding, heads, headsKv, feedForward, vocabulary, experts, mla } = model
  const uint = (value: number): GgufValue => ({ type: 'uint32', value })
  const of = (keys: Readonly<Record<string, GgufValue | undefined>>) =>
    Object.fromEntries(
      Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[`${architecture}.${key}`, value]])),
    )
  const keyLength = mla === undefined ? model.headLength : mla.kvRank + mla.ropeLength
  const valueLength = mla === undefined ? model.headLength : mla.kvRank
  const ropeLength = mla?.ropeLength ?? model.headLength ?? embedding / heads
  const words = Array.from({ length: vocabulary - 259 }, (_, index) => `w${index}`)
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  return {
    'general.architecture': { type: 'string', value: architecture },
    'general.name': { type: 'string', value: `sized ${architecture}` },
    ...of({
      context_length: uint(model.trainedContext ?? 8192),
      embedding_length: uint(embedding),
      block_count: uint(layers),
      feed_forward_length: uint(feedForward),
      'attention.head_count':
        architecture === 'deci' ? { type: 'int32s', value: Array(layers).fill(heads) } : uint(heads),
      'attention.head_count_kv': typeof headsKv === 'number' ? uint(headsKv) : { type: 'int32s', value: headsKv },
      'attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-6 },
      'rope.dimension_count': uint(ropeLength),
      'attention.key_length': keyLength === undefined ? undefined : uint(keyLength),
      'attention.value_length': valueLength === undefined ? undefined : uint(valueLength),
      'attention.sliding_window': model.slidingWindow === undefined ? undefined : uint(model.slidingWindow),
      expert_count: experts && uint(experts.count),
      expert_used_count: experts && uint(experts.used),
      expert_feed_forward_length: experts && uint(experts.feedForward),
      ...(mla === undefined
        ? {}
        : {
            'attention.q_lora_rank': uint(mla.queryRank),
            'attention.kv_lora_rank': uint(mla.kvRank),
            'attention.key_length_mla': uint(mla.noRopeLength + mla.ropeLength),
            'attention.value_length_mla': uint(mla.valueLength),
            leading_dense_block_count: uint(1),
            expert_shared_count: uint(1),
            expert_weights_scale: { type: 'float32', value: 1 },
            vocab_size: uint(vocabulary),
          }),
    }),
    ...(architecture === 'deci'
      ? of({ feed_forward_length: { type: 'int32s', value: Array(layers).fill(feedForward) } })
      : {}),
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.tokens': { type: 'strings', value: ['<unk>', '<s>', '</s>', ...bytes, ...words] },
    'tokenizer.ggml.scores': { type: 'float32s', value: Array.from({ length: vocabulary }, (_, id) => -id) },
    'tokenizer.ggml.token_type': {
      type: 'int32s',
      value: Array.from({ length: vocabulary }, (_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
    },
    'tokenizer.ggml.bos_token_id': uint(1),
    'tokenizer.ggml.eos_token_id': uint(2),
    'tokenizer.chat_template': { type: 'string', value: "{{ messages[0]['content'] }}" },
  }
}

function tensorsOf(model: SizedModel): readonly GgufTensor[] {
  const { embedding, vocabulary, layers, ends, tied } = model
  const end = endsType(ends ?? (model.weights === 'mixed' ? 'Q6_K' : model.weights))
  return [
    { name: 'token_embd.weight', shape: [embedding, vocabulary], ...end },
    ...Array.from({ length: layers }, (_, layer) =>
      layerTensors(model, layer).map(({ name, ...rest }) => ({ name: `blk.${layer}.${name}`, ...rest })),
    ).flat(),
    { name: 'output_norm.weight', shape: [embedding] },
    ...(tied === true ? [] : [{ name: 'output.weight', shape: [embedding, vocabulary], ...end }]),
  ]
}

function endsType(type: TensorType | undefined): { type?: TensorType } {
  return type === undefined ? {} : { type }
}

function layerTensors(model: SizedModel, layer: number): readonly GgufTensor[] {
  const { architecture, embedding, heads, headsKv, mla } = model
  const kv = typeof headsKv === 'number' ? headsKv : (headsKv[layer] ?? 0)
  const length = model.headLength ?? embedding / heads
  const matrix = (name: string, ...shape: number[]): GgufTensor => ({
    name: `${name}.weight`,
    shape,
    ...endsType(model.weights === 'mixed' ? mixedType(name, layer, model.layers) : model.weights),
  })
  const norm = (name: string, columns = embedding): GgufTensor => ({ name: `${name}.weight`, shape: [columns] })
  const bias = (name: string, columns: number): GgufTensor => ({ name: `${name}.bias`, shape: [columns] })
  const attention =
    mla === undefined
      ? [
          matrix('attn_q', embedding, heads * length),
          matrix('attn_k', embedding, kv * length),
          matrix('attn_v', embedding, kv * length),
          matrix('attn_output', heads * length, embedding),
        ]
      : [
          matrix('attn_q_a', embedding, mla.queryRank),
          norm('attn_q_a_norm', mla.queryRank),
          matrix('attn_q_b', mla.queryRank, heads * (mla.noRopeLength + mla.ropeLength)),
          matrix('attn_kv_a_mqa', embedding, mla.kvRank + mla.ropeLength),
          norm('attn_kv_a_norm', mla.kvRank),
          { name: 'attn_k_b.weight', shape: [mla.noRopeLength, mla.kvRank, heads] },
          { name: 'attn_v_b.weight', shape: [mla.kvRank, mla.valueLength, heads] },
          matrix('attn_output', heads * mla.valueLength, embedding),
        ]
  const extra =
    architecture === 'qwen2'
      ? [bias('attn_q', heads * length), bias('attn_k', kv * length), bias('attn_v', kv * length)]
      : architecture === 'gemma3'
        ? [norm('attn_q_norm', length), norm('attn_k_norm', length), norm('post_attention_norm'), norm('post_ffw_norm')]
        : []
  return [norm('attn_norm'), ...attention, ...extra, norm('ffn_norm'), ...feedForwardTensors(model, layer, matrix)]
}

/** llama-quantize: the layers at both ends and every third between get more bits, and rows that do not fit K-quants others. */
function mixedType(name: string, layer: number, layers: number): TensorType {
  const eighth = Math.floor(layers / 8)
  const isBetter = layer < eighth || layer >= layers - eighth || (layer - eighth) % 3 === 2
  if (name === 'ffn_down') return isBetter ? 'Q8_0' : 'Q5_0'
  return name === 'attn_v' && isBetter ? 'Q6_K' : 'Q4_K'
}

function feedForwardTensors(
  { embedding, feedForward, experts, mla }: SizedModel,
  layer: number,
  matrix: (name: string, ...shape: number[]) => GgufTensor,
): readonly GgufTensor[] {
  if (experts === undefined || (mla !== undefined && layer === 0)) {
    return [
      matrix('ffn_gate', embedding, feedForward),
      matrix('ffn_up', embedding, feedForward),
      matrix('ffn_down', feedForward, embedding),
    ]
  }
  const shared = [
    matrix('ffn_gate_shexp', embedding, experts.feedForward),
    matrix('ffn_up_shexp', embedding, experts.feedForward),
    matrix('ffn_down_shexp', experts.feedForward, embedding),
  ]
  return [
    { name: 'ffn_gate_inp.weight', shape: [embedding, experts.count] },
    matrix('ffn_gate_exps', embedding, experts.feedForward, experts.count),
    matrix('ffn_up_exps', embedding, experts.feedForward, experts.count),
    matrix('ffn_down_exps', experts.feedForward, embedding, experts.count),
    ...(mla === undefined ? [] : shared),
  ]
}
