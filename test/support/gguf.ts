import { open } from 'node:fs/promises'

/** A value of the header, with the type that llama.cpp insists on for its key. */
export type GgufValue =
  | { type: 'uint16' | 'uint32' | 'int32' | 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s' | 'float32s'; value: readonly number[] }
  | { type: 'bools'; value: readonly boolean[] }

/**
 * `shape` is in GGUF's order, the length of a row first; `fill` writes the rows of an F32 tensor one after the other.
 * Without it the tensor is a hole in the file, which reads as zeros and takes no room on disk.
 */
export type GgufTensor = {
  name: string
  shape: readonly number[]
  /** F32 when there is none. */
  type?: TensorType
  fill?: (data: Float32Array) => void
}

export type Gguf = { header: Readonly<Record<string, GgufValue>>; tensors: readonly GgufTensor[] }

/** Of ggml.h: the number of the type, the elements of a block and its bytes. */
const TENSOR_TYPES = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q5_0: { id: 6, block: 32, bytes: 22 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  Q4_K: { id: 12, block: 256, bytes: 144 },
  Q6_K: { id: 14, block: 256, bytes: 210 },
} as const

export type TensorType = keyof typeof TENSOR_TYPES

/** Writes a GGUF file, version 3. One tensor is in memory at a time. */
export async function writeGguf(path: string, { header, tensors }: Gguf): Promise<void> {
  const file = await open(path, 'w')
  try {
    const start = padded(encodeGgufHeader({ header, tensors }))
    await file.write(start)
    let end = start.length
    for (const tensor of tensors) {
      if (tensor.fill !== undefined) {
        const data = new Float32Array(elementCount(tensor))
        tensor.fill(data)
        await file.write(Buffer.from(data.buffer), { position: end })
      }
      end += aligned(tensorBytes(tensor))
    }
    await file.truncate(end)
  } finally {
    await file.close()
  }
}

export function tensorBytes(tensor: GgufTensor): number {
  const { block, bytes } = TENSOR_TYPES[tensor.type ?? 'F32']
  return (elementCount(tensor) / block) * bytes
}

/** The format's default for general.alignment. */
const ALIGNMENT = 32

const VALUE_TYPES = { uint16: 2, uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const

/** What stands before the tensors' data, without the padding. */
export function encodeGgufHeader({ header, tensors }: Gguf): Buffer {
  const entries = Object.entries(header)
  let offset = 0
  const infos = tensors.map(tensor => {
    const info = [
      ...[string(tensor.name), uint32(tensor.shape.length), ...tensor.shape.map(uint64)],
      ...[uint32(TENSOR_TYPES[tensor.type ?? 'F32'].id), uint64(offset)],
    ]
    offset += aligned(tensorBytes(tensor))
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
    case 'uint16':
      return Buffer.concat([uint32(VALUE_TYPES.uint16), uint16(entry.value)])
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
    case 'bools':
      return array(
        VALUE_TYPES.bool,
        entry.value.map(one => Buffer.from([one ? 1 : 0])),
      )
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

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
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

function elementCount({ shape }: GgufTensor): number {
  return shape.reduce((product, length) => product * length, 1)
}
