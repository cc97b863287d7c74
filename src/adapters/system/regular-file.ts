import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens for reading what is a regular file, behind links too. A pipe or a device is told from one at once: to open a pipe
 * takes until somebody writes there, and to read some devices changes something.
 *
 * @throws as open(2) does; where it is something else, in words of what it is (continues "Cannot read <file>: ").
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
 * The UTF-8 text of a regular file, of which no more than `maxBytes` are read: who has a limit finds it passed.
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
