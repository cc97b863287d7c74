import { describe, expect, it } from 'vitest'
import { readGgufHeader } from '../../../src/core/sizing/gguf-header.ts'
import { encodeGgufHeader, type Gguf } from '../../support/gguf.ts'

const MODEL: Gguf = {
  header: {
    'general.architecture': { type: 'string', value: 'llama' },
    'llama.block_count': { type: 'uint32', value: 2 },
    'llama.attention.head_count_kv': { type: 'int32s', value: [4, 8] },
    'llama.attention.sliding_window_pattern': { type: 'bools', value: [true, false] },
    'llama.rope.freq_base': { type: 'float32', value: 10_000 },
    'split.count': { type: 'uint16', value: 1 },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
    'tokenizer.ggml.tokens': { type: 'strings', value: ['<unk>', 'ä', ''] },
    'tokenizer.ggml.scores': { type: 'float32s', value: Array(5000).fill(0) },
  },
  tensors: [
    { name: 'token_embd.weight', shape: [256, 3], type: 'Q6_K' },
    { name: 'blk.0.attn_q.weight', shape: [256, 256], type: 'Q4_K' },
    { name: 'blk.0.ffn_up_exps.weight', shape: [256, 64, 4], type: 'Q8_0' },
    { name: 'output_norm.weight', shape: [3] },
  ],
}
const HEADER = encodeGgufHeader(MODEL)
const DATA_START = Math.ceil(HEADER.length / 32) * 32
const SIZES = [630, 36_864, 69_632, 12]
const FILE_BYTES = DATA_START + 640 + 36_864 + 69_632 + 12

describe('a header', () => {
  it('is read whole, but for long lists', () => {
    const read = readGgufHeader(HEADER, FILE_BYTES)
    expect(read).toEqual({
      kind: 'header',
      header: {
        metadata: new Map<string, unknown>([
          ['general.architecture', 'llama'],
          ['llama.block_count', 2],
          ['llama.attention.head_count_kv', [4, 8]],
          ['llama.attention.sliding_window_pattern', [true, false]],
          ['llama.rope.freq_base', 10_000],
          ['split.count', 1],
          ['tokenizer.ggml.add_bos_token', true],
          ['tokenizer.ggml.tokens', { length: 3 }],
          ['tokenizer.ggml.scores', { length: 5000 }],
        ]),
        tensors: MODEL.tensors.map(({ name, shape }, index) => ({ name, shape, bytes: SIZES[index], knownType: true })),
        fileBytes: FILE_BYTES,
      },
    })
  })

  it('is short wherever the bytes end, and torn where the file does', () => {
    const kinds = new Set<string>()
    for (let length = 0; length < HEADER.length; length++) {
      kinds.add(readGgufHeader(HEADER.subarray(0, length), FILE_BYTES).kind)
      kinds.add(JSON.stringify(readGgufHeader(HEADER.subarray(0, length), length)))
    }
    expect([...kinds]).toEqual(['short', '{"kind":"bad","found":"the file ends within its header"}'])
  })

  it('may stand in the middle of a buffer', () => {
    const shifted = Buffer.concat([Buffer.alloc(13), HEADER]).subarray(13)
    expect(readGgufHeader(shifted, FILE_BYTES).kind).toBe('header')
  })

  it('tells how much of the weights is missing', () => {
    expect(readGgufHeader(HEADER, FILE_BYTES - 1)).toEqual({
      kind: 'bad',
      found: `it has ${FILE_BYTES - 1} bytes of ${FILE_BYTES}: it was not copied completely`,
    })
  })

  it('counts a type that is new as it lies in the file', () => {
    const bytes = Buffer.from(HEADER)
    const at = bytes.indexOf('blk.0.attn_q.weight') + 'blk.0.attn_q.weight'.length + 4 + 2 * 8
    expect(bytes.readUInt32LE(at)).toBe(12)
    bytes.writeUInt32LE(4711, at)
    const read = readGgufHeader(bytes, FILE_BYTES)
    expect(read.kind === 'header' && read.header.tensors[1]).toEqual({
      name: 'blk.0.attn_q.weight',
      shape: [256, 256],
      bytes: 36_864,
      knownType: false,
    })
  })
})

describe('what is no header', () => {
  const changed = (at: number, ...values: readonly number[]) => {
    const bytes = Buffer.from(HEADER)
    bytes.set(values, at)
    return readGgufHeader(bytes, FILE_BYTES)
  }

  it.each([
    ['another magic', changed(0, 0x50, 0x4b), 'it is not a GGUF file'],
    ['big-endian', changed(4, 0, 0, 0, 3), 'its numbers are big-endian; llama.cpp reads little-endian'],
    ['version 1', changed(4, 1), 'it is GGUF version 1, which llama.cpp no longer reads; convert the model again'],
    ['version 4', changed(4, 4), 'it is GGUF version 4; known are 2 and 3'],
    ['version 0', changed(4, 0), 'it is GGUF version 0; known are 2 and 3'],
    ['too many tensors', changed(8, 0xff, 0xff, 0xff, 0xff), 'it claims 4294967295 tensors'],
    ['too many entries', changed(22, 0xff), 'it claims 71776119061217289 entries'],
    ['a text too long', changed(30, 1), 'it claims 281474976710676 bytes in one text'],
    [
      'an unknown type of value',
      changed(HEADER.indexOf('llama.block_count') + 'llama.block_count'.length, 99),
      'a value has the type 99, which this version does not know',
    ],
    [
      'an array of arrays',
      changed(HEADER.indexOf('head_count_kv') + 'head_count_kv'.length + 4, 9),
      'an array holds the type 9, which this version does not know',
    ],
  ])('%s is told', (_what, read, found) => {
    expect(read).toEqual({ kind: 'bad', found })
  })
})

it('a pointer of Git LFS is named as one', () => {
  const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4683073184\n')
  expect(readGgufHeader(pointer, pointer.length)).toEqual({
    kind: 'bad',
    found: 'it is a Git LFS pointer and not the model: run git lfs pull there',
  })
})
