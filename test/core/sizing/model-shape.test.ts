import { describe, expect, it } from 'vitest'
import type { GgufHeader, GgufValue } from '../../../src/core/sizing/gguf-header.ts'
import { type LayerShape, modelShape } from '../../../src/core/sizing/model-shape.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'
import { shapeOf } from './shape-of.ts'

const layer = (changes: Partial<LayerShape>): LayerShape => ({
  ...{
    heads: 32,
    headsKv: 8,
    keyLength: 128,
    valueLength: 128,
    slides: false,
    latentLength: undefined,
    feedForward: 14_336,
  },
  ...changes,
})

function header(keys: Readonly<Record<string, GgufValue>>, tensors: GgufHeader['tensors'] = [EMBEDDINGS]): GgufHeader {
  return { metadata: new Map(Object.entries(keys)), tensors, fileBytes: 0 }
}

const EMBEDDINGS = { name: 'token_embd.weight', shape: [64, 100], bytes: 1, knownType: true }
const SMALL = {
  'general.architecture': 'llama',
  'llama.block_count': 4,
  'llama.embedding_length': 64,
  'llama.attention.head_count': 4,
}

describe('the layers of a model', () => {
  it.each([
    ['grouped', layer({}), layer({})],
    ['experts', layer({ feedForward: 28_672 }), layer({ feedForward: 28_672 })],
    ['perLayer', layer({}), layer({ headsKv: 2 })],
    [
      'latent',
      layer({ headsKv: 1, keyLength: 576, valueLength: 0, latentLength: 704, feedForward: 8192 }),
      layer({ headsKv: 1, keyLength: 576, valueLength: 0, latentLength: 704, feedForward: 4096 }),
    ],
    [
      'sliding',
      layer({ headsKv: 16, slides: true, feedForward: 16_384 }),
      layer({ headsKv: 16, slides: true, feedForward: 16_384 }),
    ],
  ] as const)('of %s are as its header says', (model, first, third) => {
    const { layers } = shapeOf(SIZED_MODELS[model])
    expect([layers[0], layers[2]]).toEqual([first, third])
  })

  it('of which the last share a cache, or only some attend, keep one for the others', () => {
    const cached = (keys: Readonly<Record<string, GgufValue>>) => {
      const shape = modelShape(header({ ...SMALL, ...keys }))
      return 'wrong' in shape ? shape.wrong : shape.layers.map(one => one.headsKv)
    }
    expect(cached({})).toEqual([4, 4, 4, 4])
    expect(cached({ 'llama.attention.shared_kv_layers': 1 })).toEqual([4, 4, 4, 0])
    expect(cached({ 'llama.full_attention_interval': 2 })).toEqual([0, 4, 0, 4])
    expect(cached({ 'llama.attention.head_count_kv': [0, 2, 0, 1] })).toEqual([0, 2, 0, 1])
  })

  const named = (architecture: string, keys: Readonly<Record<string, GgufValue>> = {}) => {
    const own = { block_count: 4, embedding_length: 64, 'attention.head_count': 4, ...keys }
    const all = Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])
    const shape = modelShape(header({ 'general.architecture': architecture, ...Object.fromEntries(all) }))
    if ('wrong' in shape) throw new Error(shape.wrong)
    return shape
  }

  it.each(['bert', 'nomic-bert', 'modern-bert', 'gemma-embedding'])('of %s keep none', architecture => {
    const { layers, isEncoder } = named(architecture)
    expect([isEncoder, layers.map(one => one.headsKv)]).toEqual([true, [0, 0, 0, 0]])
  })

  it('of gemma3n share what the file says, or all behind the twentieth', () => {
    const keeping = (keys: Readonly<Record<string, GgufValue>>) => {
      const { layers, unknown } = named('gemma3n', keys)
      expect(unknown).toEqual([])
      return layers.filter(one => one.headsKv > 0).length
    }
    expect(keeping({ block_count: 30 })).toBe(20)
    expect(keeping({ block_count: 35, 'attention.shared_kv_layers': 15 })).toBe(20)
    expect(keeping({ block_count: 12 })).toBe(12)
  })
})

it('the parts of a model are told by their names', () => {
  const names = [
    ...['token_embd.weight', 'output_norm.weight', 'output.weight', 'rope_freqs.weight', 'per_layer_token_embd.weight'],
    ...['blk.3.attn_q.weight', 'blk.3.ffn_norm.weight', 'blk.3.ffn_gate.weight', 'blk.12.ffn_down_exps.weight'],
    ...['blk.12.ffn_gate_inp.weight', 'blk.12.ffn_up_shexp.weight'],
  ]
  const shape = modelShape(header(SMALL, [EMBEDDINGS, ...names.slice(1).map(name => ({ ...EMBEDDINGS, name }))]))
  expect('wrong' in shape ? shape : shape.tensors.map(({ part, layer }) => [part, layer])).toEqual([
    ...[
      ['input', undefined],
      ['output', undefined],
      ['output', undefined],
      ['output', undefined],
      ['input', undefined],
    ],
    ...[
      ['attention', 3],
      ['attention', 3],
      ['feedForward', 3],
      ['experts', 12],
      ['attention', 12],
      ['attention', 12],
    ],
  ])
})

it.each([
  [{}, 'it does not name its architecture'],
  [{ 'general.architecture': 'llama' }, 'it has no llama.block_count'],
  [{ 'general.architecture': 'llama', 'llama.block_count': 4 }, 'it has no llama.embedding_length'],
])('a header with %j has no shape', (keys, wrong) => {
  expect(modelShape(header(keys))).toEqual({ wrong })
})

it('a header without embeddings has no shape', () => {
  expect(modelShape(header(SMALL, []))).toEqual({ wrong: 'it has no token_embd.weight' })
})

it('what is not known is said', () => {
  const keys = {
    ...{
      'general.architecture': 'new',
      'new.block_count': 2,
      'new.embedding_length': 64,
      'new.attention.head_count': 4,
    },
    ...{ 'new.attention.sliding_window': 128, 'new.ssm.state_size': 16, 'new.nextn_predict_layers': 1 },
    ...{ 'new.attention.indexer.key_length': 64 },
  }
  const shape = modelShape(header(keys, [EMBEDDINGS, { ...EMBEDDINGS, name: 'blk.0.x', knownType: false }]))
  expect('wrong' in shape ? shape : shape.unknown).toEqual([
    'which layers of new use its sliding window: each is counted with the whole context',
    'the state of recurrent layers: it is not counted',
    'layers that predict several tokens: counted as ordinary ones',
    'the caches of sparse attention: they are not counted',
    'the type of 1 tensors: counted as they lie in the file',
  ])
})

it.each([2 ** 32 - 1, 513, 0, -1, 1.5, Number.NaN])('a file that claims %d layers is no model', count => {
  expect(modelShape(header({ ...SMALL, 'llama.block_count': count }))).toEqual({
    wrong: `it claims ${count} layers, and llama.cpp accepts 1 to 512`,
  })
})
