import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from '../domain/caught.ts'
import { leftOutLine } from '../domain/engine-log.ts'
import { findLogTail, readAt } from './log-tail.ts'

/**
 * Cuts a log that has grown beyond `mostBytes` down to its last `keepBytes`, in its place: who appends to it goes on. A
 * line that is written in the same millisecond may be lost. A file that is not there is short enough.
 */
export async function trimLog(path: string, bounds: { mostBytes: number; keepBytes: number }): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW).catch(error => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    if ((await file.stat()).size <= bounds.mostBytes) return
    const tail = await findLogTail(file, bounds.keepBytes)
    if (tail === undefined) return
    const chunks = [Buffer.from(leftOutLine(tail.leftOutBytes)), await readAt(file, tail.start, tail.end - tail.start)]
    chunks.push(...(await readMore(file, tail.end)))
    await file.truncate(0)
    await file.writev(chunks)
  } finally {
    await file.close()
  }
}

/** What was written while the tail was read; no more than that, however fast the writer is. */
async function readMore(file: FileHandle, from: number): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for (let at = from, turn = 0; turn < MOST_TURNS; turn += 1) {
    const chunk = await readAt(file, at, MORE_BYTES)
    if (chunk.length === 0) break
    chunks.push(chunk)
    at += chunk.length
  }
  return chunks
}

const MORE_BYTES = 1024 * 1024
const MOST_TURNS = 8
