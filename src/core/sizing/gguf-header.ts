import { GGML_TYPES } from './ggml-types.ts'

/**
 * The part of a GGUF file before the weights (ggml/docs/gguf.md). This reader is our own, because the one library for Node,
 * @huggingface/gguf 0.4.6, reads a file that ends within its header as zeros, without an error.
 */
export interface GgufHeader {
  /** Numbers, texts and booleans. Of an array of texts only its length is kept: a vocabulary has 150 000. */
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: readonly GgufTensorInfo[]
  /** The length that the file must have with its last weight. */
  readonly fileBytes: number
}

export type GgufValue = number | string | boolean | readonly (number | boolean)[] | { readonly length: number }

export interface GgufTensorInfo {
  readonly name: string
  readonly shape: readonly number[]
  /** Bytes in the file without padding; for an unknown type, up to the next tensor. */
  readonly bytes: number
  readonly knownType: boolean
}

/** `short`: the header continues after these bytes. `found` continues "Cannot read <file>: ". */
export type GgufRead =
  | { readonly kind: 'header'; readonly header: GgufHeader }
  | { readonly kind: 'short' }
  | { readonly kind: 'bad'; readonly found: string }

/** Reads the header out of the beginning of a file of `fileBytes` bytes. */
export function readGgufHeader(start: Uint8Array, fileBytes: number): GgufRead {
  const cursor = new Cursor(start)
  try {
    return { kind: 'header', header: readHeader(cursor, fileBytes) }
  } catch (error) {
    if (error instanceof Bad) return { kind: 'bad', found: error.message }
    if (!(error instanceof Short)) throw error
    const isWhole = start.length >= fileBytes
    return isWhole ? { kind: 'bad', found: 'the file ends within its header' } : { kind: 'short' }
  }
}

class Bad extends Error {}
class Short extends Error {}

/** Larger values show that the bytes are not a header. */
const MOST = { entries: 100_000, text: 16 * 2 ** 20, array: 10_000_000, dimensions: 4 }
/** Arrays that matter have a number for each layer; scores of a vocabulary are longer and not kept. */
const KEPT_NUMBERS = 4096

class Cursor {
  private readonly view: DataView
  private readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Takes the next `count` bytes and returns their position. */
  take(count: number): number {
    const from = this.at
    if (from + count > this.bytes.length) throw new Short()
    this.at += count
    return from
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  /** A length or an offset. */
  size(most: number, what: string): number {
    const value = this.view.getBigUint64(this.take(8), true)
    if (value > BigInt(most)) throw new Bad(`it claims ${value} ${what}`)
    return Number(value)
  }

  text(): string {
    const length = this.size(MOST.text, 'bytes in one text')
    const from = this.take(length)
    return new TextDecoder().decode(this.bytes.subarray(from, from + length))
  }

  skipText(): void {
    this.take(this.size(MOST.text, 'bytes in one text'))
  }

  scalar(type: number): number | boolean {
    const read = SCALARS[type]
    if (read === undefined) throw new Bad(`a value has the type ${type}, which this version does not know`)
    return read.get(this.view, this.take(read.bytes))
  }

  startsWith(magic: string): boolean {
    return [...magic].every((char, index) => this.bytes[index] === char.charCodeAt(0))
  }
}

interface Scalar {
  readonly bytes: number
  readonly get: (view: DataView, at: number) => number | boolean
}

const TEXT = 8
const ARRAY = 9

/** enum gguf_type. */
const SCALARS: Readonly<Record<number, Scalar>> = {
  0: { bytes: 1, get: (view, at) => view.getUint8(at) },
  1: { bytes: 1, get: (view, at) => view.getInt8(at) },
  2: { bytes: 2, get: (view, at) => view.getUint16(at, true) },
  3: { bytes: 2, get: (view, at) => view.getInt16(at, true) },
  4: { bytes: 4, get: (view, at) => view.getUint32(at, true) },
  5: { bytes: 4, get: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, get: (view, at) => view.getFloat32(at, true) },
  7: { bytes: 1, get: (view, at) => view.getUint8(at) !== 0 },
  10: { bytes: 8, get: (view, at) => Number(view.getBigUint64(at, true)) },
  11: { bytes: 8, get: (view, at) => Number(view.getBigInt64(at, true)) },
  12: { bytes: 8, get: (view, at) => view.getFloat64(at, true) },
}

/** The beginning of the pointer file that git leaves in place of a large file. */
export const LFS_POINTER = 'version https://git-lfs'

function readHeader(cursor: Cursor, fileBytes: number): GgufHeader {
  if (cursor.startsWith(LFS_POINTER)) throw new Bad('it is a Git LFS pointer and not the model: run git lfs pull there')
  cursor.take(4)
  if (!cursor.startsWith('GGUF')) throw new Bad('it is not a GGUF file')
  const version = cursor.uint32()
  // A small number in the other byte order.
  if (version !== 0 && (version & 0xffff) === 0)
    throw new Bad('its numbers are big-endian; llama.cpp reads little-endian')
  if (version === 1) throw new Bad('it is GGUF version 1, which llama.cpp no longer reads; convert the model again')
  if (version !== 2 && version !== 3) throw new Bad(`it is GGUF version ${version}; known are 2 and 3`)
  const tensorCount = cursor.size(MOST.entries, 'tensors')
  const entryCount = cursor.size(MOST.entries, 'entries')
  const metadata = new Map<string, GgufValue>()
  for (let index = 0; index < entryCount; index++) metadata.set(cursor.text(), readValue(cursor))
  const places = Array.from({ length: tensorCount }, () => readPlace(cursor))
  const alignment = metadata.get('general.alignment') ?? 32
  if (typeof alignment !== 'number' || !(alignment >= 1)) throw new Bad(`its alignment is ${String(alignment)}`)
  const dataStart = tensorCount === 0 ? cursor.at : Math.ceil(cursor.at / alignment) * alignment
  return { metadata, ...measure(places, dataStart, fileBytes) }
}

function readValue(cursor: Cursor): GgufValue {
  const type = cursor.uint32()
  if (type === TEXT) return cursor.text()
  return type === ARRAY ? readArray(cursor) : cursor.scalar(type)
}

function readArray(cursor: Cursor): GgufValue {
  const type = cursor.uint32()
  const length = cursor.size(MOST.array, 'values in one array')
  if (type === TEXT) {
    for (let index = 0; index < length; index++) cursor.skipText()
    return { length }
  }
  const scalar = SCALARS[type]
  if (scalar === undefined) throw new Bad(`an array holds the type ${type}, which this version does not know`)
  if (length <= KEPT_NUMBERS) return Array.from({ length }, () => cursor.scalar(type))
  cursor.take(length * scalar.bytes)
  return { length }
}

interface Place {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  readonly offset: number
}

function readPlace(cursor: Cursor): Place {
  const name = cursor.text()
  const dimensions = cursor.uint32()
  if (dimensions > MOST.dimensions) throw new Bad(`tensor "${name}" claims ${dimensions} dimensions`)
  const shape = Array.from({ length: dimensions }, () => cursor.size(2 ** 40, 'elements in a row'))
  return { name, shape, type: cursor.uint32(), offset: cursor.size(Number.MAX_SAFE_INTEGER, 'bytes') }
}

function measure(
  places: readonly Place[],
  dataStart: number,
  fileBytes: number,
): Pick<GgufHeader, 'tensors' | 'fileBytes'> {
  const offsets = [...places.map(place => place.offset), fileBytes - dataStart].sort((a, b) => a - b)
  const next = new Map(offsets.map((offset, index) => [offset, offsets[index + 1] ?? offset]))
  const tensors = places.map(({ name, shape, type, offset }) => {
    const known = GGML_TYPES.get(type)
    const elements = shape.reduce((product, length) => product * length, 1)
    const bytes = known === undefined ? (next.get(offset) ?? offset) - offset : (elements / known.block) * known.bytes
    return { name, shape, bytes, knownType: known !== undefined }
  })
  const needed = places.reduce(
    (most, { offset }, index) => Math.max(most, dataStart + offset + (tensors[index]?.bytes ?? 0)),
    dataStart,
  )
  if (needed > fileBytes) {
    throw new Bad(`it has ${fileBytes} bytes of ${needed}: it was not copied completely`)
  }
  return { tensors, fileBytes: needed }
}
