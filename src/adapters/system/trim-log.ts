import { constants, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from '../../core/domain/caught.ts'
import { leftOutLine } from '../../core/domain/engine-log.ts'
import { findLogTail, readAt } from './log-tail.ts'

/**
 * Cuts a log of more than `mostBytes` to its last `keepBytes` in place, so that its writer can go on appending. The end is moved to
 * the beginning before the rest is cut off, so lines stay in order, and a kill in between loses none. A line that is written during
 * the cut may be lost. A missing file is short enough.
 */
export async function trimLog(path: string, bounds: { mostBytes: number; keepBytes: number }): Promise<void> {
  // Without O_APPEND, with which write(2) ignores the position.
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

/** Moves text that was written meanwhile too, and cuts, synchronously: the log is on this node's disk, and its writer goes on. */
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
/** The limit for text that was written meanwhile, also for a fast writer. */
const MOST_MORE_BYTES = 8 * 1024 * 1024
