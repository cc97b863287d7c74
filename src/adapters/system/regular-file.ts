import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a regular file for reading, also through links. A pipe or a device is refused at once, because opening a pipe blocks until
 * there is a writer, and reading some devices changes their state.
 *
 * @throws as open(2) does; for other types of files with their type in words (continues "Cannot read <file>: ").
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(error => {
    throw error.code === 'ENXIO' ? irregular('a socket or a device', error) : error
  })
  const stat = await file.stat().catch(() => undefined)
  if (stat?.isFile()) return file
  await file.close()
  if (stat?.isDirectory()) throw Object.assign(irregular('a directory'), { code: 'EISDIR' })
  throw irregular(stat?.isFIFO() ? 'a pipe' : 'a device')
}

/**
 * The UTF-8 text of a regular file, of which at most `maxBytes` are read.
 *
 * @throws as openRegularFile does.
 */
export async function readRegularText(path: string, maxBytes: number): Promise<string> {
  const file = await openRegularFile(path)
  try {
    const chunks: Buffer[] = []
    for (let length = 0; length < maxBytes; ) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(CHUNK_BYTES, maxBytes - length)))
      if (bytesRead === 0) break
      chunks.push(buffer.subarray(0, bytesRead))
      length += bytesRead
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 64 * 1024

function irregular(what: string, cause?: unknown): Error {
  return new Error(`it is ${what}, not a regular file`, { cause })
}
