import type { FileHandle } from 'node:fs/promises'
import { readLeftOut } from '../../core/domain/engine-log.ts'

/** The end of a log. */
export interface LogTail {
  /** Where it begins, and where the log ended when it was looked at. */
  readonly start: number
  readonly end: number
  /** How much of the log is not in it, with what had been left out before. */
  readonly leftOutBytes: number
}

/**
 * The last `mostBytes` of a log, from a whole line on; undefined where it has no more than that. A line without end may
 * be cut, but no word in it: half a key is never shown.
 */
export async function findLogTail(file: FileHandle, mostBytes: number): Promise<LogTail | undefined> {
  const { size: end } = await file.stat()
  if (end <= mostBytes) return undefined
  const before = readLeftOut((await readAt(file, 0, Math.min(end, CHUNK_BYTES))).toString('latin1'))
  const start = await findCut(file, end - mostBytes - 1, end)
  return { start, end, leftOutBytes: before.bytes + Math.max(0, start - before.length) }
}

/** What stands there, as far as the file goes. */
export async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
  return buffer.subarray(0, bytesRead)
}

const CHUNK_BYTES = 64 * 1024
/** A line that is longer has no end. */
const LINE_BYTES = 1024 * 1024
const NEWLINE = 0x0a
/** What neither a key is made of nor the stars before the end of one. */
const NOT_OF_A_KEY = /[^A-Za-z0-9_*-]/

/** The place after the first end of a line from `from` on, or else after the first end of a word. */
async function findCut(file: FileHandle, from: number, end: number): Promise<number> {
  let afterWord: number | undefined
  for (let at = from; at < end; at += CHUNK_BYTES) {
    if (at - from >= LINE_BYTES && afterWord !== undefined) return afterWord
    const chunk = await readAt(file, at, Math.min(CHUNK_BYTES, end - at))
    const newline = at - from < LINE_BYTES ? chunk.indexOf(NEWLINE) : -1
    if (newline >= 0) return at + newline + 1
    const word = afterWord === undefined ? chunk.toString('latin1').search(NOT_OF_A_KEY) : -1
    if (word >= 0) afterWord = at + word + 1
  }
  return afterWord ?? end
}
