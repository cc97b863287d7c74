import { basename, dirname, join } from 'node:path'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { parsePart, partName, partNames } from '../../core/domain/split-model.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { type GgufHeader, readGgufHeader } from '../../core/sizing/gguf-header.ts'
import { type ModelShape, modelShape } from '../../core/sizing/model-shape.ts'
import { openRegularFile } from '../system/regular-file.ts'

/** The shape of a model, from all its parts. Throws a UserError that names an unreadable part. */
export async function readModel(file: string): Promise<ModelShape> {
  const parts = partNames(basename(file)).map(name => join(dirname(file), name))
  const headers: GgufHeader[] = []
  for (const part of parts) headers.push(await readHeader(part, parts.length))
  const [first] = headers
  const shape = modelShape({
    metadata: first?.metadata ?? new Map(),
    tensors: headers.flatMap(header => header.tensors),
    fileBytes: headers.reduce((sum, header) => sum + header.fileBytes, 0),
  })
  if ('wrong' in shape) throw new UserError(`Cannot plan ${file}: ${shape.wrong}`)
  const count = first?.metadata.get('split.count')
  if (typeof count === 'number' && count > 1 && parts.length !== count) {
    throw new UserError(
      `Cannot read ${file}: it is one of ${count} parts, and its name does not have its number; llama.cpp expects ${partName({ name: '', number: 1, count })}`,
    )
  }
  return shape
}

/** A model may have several files in a directory; the first part represents all. */
export function isModelFile(name: string): boolean {
  return name.endsWith('.gguf') && !name.startsWith('mmproj') && (parsePart(name)?.number ?? 1) === 1
}

/** Headers with big vocabularies have 10 MB. */
const FIRST_BYTES = 2 ** 20
const MOST_BYTES = 2 ** 26

/** The header of one file. Throws a UserError with its problem. */
export async function readHeader(file: string, parts: number): Promise<GgufHeader> {
  try {
    await using handle = await openRegularFile(file)
    const { size } = await handle.stat()
    for (let length = FIRST_BYTES; ; length *= 4) {
      const buffer = Buffer.alloc(Math.min(length, size))
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      const read = readGgufHeader(buffer.subarray(0, filled), size)
      if (read.kind === 'header') return read.header
      if (read.kind === 'bad') throw new UserError(`Cannot read ${file}: ${read.found}`)
      if (length >= MOST_BYTES || filled < buffer.length)
        throw new UserError(`Cannot read ${file}: its header does not end`)
    }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`Cannot read ${file}: ${reason(error, parts)}`, { cause: error })
  }
}

function reason(error: unknown, parts: number): string {
  const code = codeOf(error)
  if (code === 'ENOENT' && parts > 1)
    return `it does not exist, and the model has ${parts} parts; put all of them into one directory`
  if (code === 'ENOENT')
    return 'it does not exist on this machine; name a copy here with --file, or run this on a node that has it (srun)'
  if (code === 'EISDIR') return 'it is a directory'
  return messageOf(error)
}
