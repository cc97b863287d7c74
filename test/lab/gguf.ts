import { open } from 'node:fs/promises'

/** A value of the header, with the type that llama.cpp insists on for its key. */
export type GgufValue =
  | { type: 'uint32' | 'int32' | 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s' | 'float32s'; value: readonly number[] }

/** `shape` is in GGUF's order, the length of a row first; `fill` writes the rows one after the other. */
export type GgufTensor = {
  name: string
  shape: readonly [number] | readonly [number, number]
  fill: (data: Float32Array) => void
}

export type Gguf = { header: Readonly<Record<string, GgufValue>>; tensors: readonly GgufTensor[] }

/** Writes a GGUF file, version 3, every tensor F32. One tensor is in memory at a time. */
export async function writeGguf(path: string, { header, tensors }: Gguf): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.write(padded(encodeHeader(header, tensors)))
    for (const tensor of tensors) {
      const data = new Float32Array(elementCount(tensor))
      tensor.fill(data)
      await file.write(padded(Buffer.from(data.buffer)))
    }
  } finally {
    await file.close()
  }
}

/** The format's default for general.alignment. */
const ALIGNMENT = 32

const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const
const TENSOR_F32 = 0

function encodeHeader(header: Gguf['header'], tensors: Gguf['tensors']): Buffer {
  const entries = Object.entries(header)
  let offset = 0
  const infos = tensors.map(tensor => {
    const info = [
      ...[string(tensor.name), uint32(tensor.shape.length), ...tensor.shape.map(uint64)],
      ...[uint32(TENSOR_F32), uint64(offset)],
    ]
    offset += aligned(elementCount(tensor) * Float32Array.BYTES_PER_ELEMENT)
    return Buffer.concat(info)
  })
  return Buffer.concat([
    ...[Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)],
    ...entries.flatMap(([key, value]) => [string(key), encodeValue(value)]),
    ...infos,
  ])
}

function encodeValue(entry: GgufValue): Buffer {
  switch (entry.type) {
    case 'uint32':
      return Buffer.concat([uint32(VALUE_TYPES.uint32), uint32(entry.value)])
    case 'int32':
      return Buffer.concat([uint32(VALUE_TYPES.int32), int32(entry.value)])
    case 'float32':
      return Buffer.concat([uint32(VALUE_TYPES.float32), float32(entry.value)])
    case 'bool':
      return Buffer.concat([uint32(VALUE_TYPES.bool), Buffer.from([entry.value ? 1 : 0])])
    case 'string':
      return Buffer.concat([uint32(VALUE_TYPES.string), string(entry.value)])
    case 'strings':
      return array(VALUE_TYPES.string, entry.value.map(string))
    case 'int32s':
      return array(VALUE_TYPES.int32, entry.value.map(int32))
    case 'float32s':
      return array(VALUE_TYPES.float32, entry.value.map(float32))
  }
}

function array(type: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(VALUE_TYPES.array), uint32(type), uint64(items.length), ...items])
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint64(bytes.length), bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)])
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}

function elementCount({ shape: [columns, rows = 1] }: GgufTensor): number {
  return columns * rows
}
