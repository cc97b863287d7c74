import { constants, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from '../../core/domain/caught.ts'
import { leftOutLine } from '../../core/domain/engine-log.ts'
import { findLogTail, readAt } from './log-tail.ts'

/**
 * Cuts a log that has grown beyond `mostBytes` down to its last `keepBytes`, in its place: who appends to it goes on. The end
 * is moved to the beginning and only then the rest is cut off, so that lines stay in their order, and a process that is
 * killed in between has lost none. A line that is written just when it is cut may be lost. A file that is not there is short
 * enough.
 */
export async function trimLog(path: string, bounds: { mostBytes: number; keepBytes: number }): Promise<void> {
  // Without O_APPEND, with which write(2) heeds no place.
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(error => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    if ((await file.stat()).size <= bounds.mostBytes) return
    const tail = await findLogTail(file, bounds.keepBytes)
    if (tail === undefined) return
    const head = Buffer.from(leftOutLine(tail.leftOutBytes))
    if (head.length > tail.start) return
    let at = await writeAt(file, head, 0)
    for (let from = tail.start; from < tail.end; from += CHUNK_BYTES) {
      at = await writeAt(file, await readAt(file, from, Math.min(CHUNK_BYTES, tail.end - from)), at)
    }
    cutOff(file.fd, { from: tail.end, to: at })
  } finally {
    await file.close()
  }
}

/** Returns where it ends. */
async function writeAt(file: FileHandle, bytes: Buffer, at: number): Promise<number> {
  for (let written = 0; written < bytes.length; )
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten
  return at + bytes.length
}

/** Moves what was written meanwhile too, and cuts, in one go: the log lies on this node's disk, and a writer does not wait. */
function cutOff(fd: number, { from, to }: { from: number; to: number }): void {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let moved = 0
  while (moved < MOST_MORE_BYTES) {
    const bytes = readSync(fd, chunk, 0, chunk.length, from + moved)
    if (bytes === 0) break
    for (let written = 0; written < bytes; )
      written += writeSync(fd, chunk, written, bytes - written, to + moved + written)
    moved += bytes
  }
  ftruncateSync(fd, to + moved)
}

const CHUNK_BYTES = 1024 * 1024
/** Of what was written meanwhile; no more than that, however fast the writer is. */
const MOST_MORE_BYTES = 8 * 1024 * 1024
