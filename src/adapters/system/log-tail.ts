import type { FileHandle } from 'node:fs/promises'
import { readLeftOut } from '../../core/domain/engine-log.ts'

/** The end of a log. */
export interface LogTail {
  /** Its start, and the end of the log when it was read. */
  readonly start: number
  readonly end: number
  /** The number of bytes before it, including those that were left out before. */
  readonly leftOutBytes: number
}

/**
 * The last `mostBytes` of a log, from the start of a line; undefined if the log is not longer. A line without an end may be cut, but
 * only between words, so that half a key is never shown.
 */
export async function findLogTail(file: FileHandle, mostBytes: number): Promise<LogTail | undefined> {
  const { size: end } = await file.stat()
  if (end <= mostBytes) return undefined
  const before = readLeftOut((await readAt(file, 0, Math.min(end, CHUNK_BYTES))).toString('latin1'))
  const start = await findCut(file, end - mostBytes - 1, end)
  return { start, end, leftOutBytes: before.bytes + Math.max(0, start - before.length) }
}

/** The bytes there, up to the end of the file. */
export async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
  return buffer.subarray(0, bytesRead)
}

const CHUNK_BYTES = 64 * 1024
/** A longer line counts as one without an end. */
const LINE_BYTES = 1024 * 1024
const NEWLINE = 0x0a
/** Characters that are neither part of a key nor asterisks before the end of one. */
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
