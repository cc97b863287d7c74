import { hash } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '../../system/make-directory.ts'
import { openRegularFile, readRegularText } from '../../system/regular-file.ts'

/** A file to copy: `work` is the growing part, with a list of its chunks beside it, on the filesystem of `to`. */
export interface FileCopy {
  readonly from: string
  readonly to: string
  readonly work: string
}

/** Distinguishes versions of a file. */
export interface SourceVersion {
  readonly size: number
  readonly mtimeMs: number
}

/** Read, hashed and written at a time: a few milliseconds of hashing, and few enough lines for a file of a terabyte. */
const CHUNK_BYTES = 8 * 2 ** 20

/** A list of seven terabytes. Chunks beyond it are copied again. */
const MAX_LIST_BYTES = 64 * 2 ** 20

export async function sourceVersion(path: string): Promise<SourceVersion> {
  const { size, mtimeMs } = await stat(path)
  return { size, mtimeMs }
}

/** Whether `to` is a whole copy of this version of the source, by size and time stamp. */
export async function isCopied({ to }: FileCopy, source: SourceVersion): Promise<boolean> {
  return sourceVersion(to).then(
    found => isSame(found, source),
    () => false,
  )
}

/** The number of its bytes on the node, in a whole copy or a part. */
export async function copiedBytes(copy: FileCopy, source: SourceVersion): Promise<number> {
  if (await isCopied(copy, source)) return source.size
  const list = await readList(copy.work)
  if (list === undefined || !isSame(list.source, source)) return 0
  const part = await stat(partOf(copy.work)).catch(() => undefined) // between the renaming and the time stamp
  return Math.min(part?.size ?? source.size, source.size)
}

/**
 * Copies a file: chunk by chunk into a part, with the hash of each chunk in a list beside it, then flushed and renamed. If there
 * is a part already, its chunks are compared with the list, and the copy continues after the last good chunk. An older version at
 * the target is removed first. The copy gets the time stamp of the source, by which it is recognized later.
 *
 * @throws when the source changed meanwhile, or the disk is full; the part stays unless `discard` takes it away
 */
export async function copyFile(copy: FileCopy, source: SourceVersion, signal: AbortSignal): Promise<void> {
  const { from, to, work } = copy
  await makeDirectory(dirname(work), 0o750)
  await makeDirectory(dirname(to), 0o750)
  await rm(to, { force: true })
  const list = await readList(work)
  const known = list !== undefined && isSame(list.source, source) ? list.hashes : []
  if (known.length === 0) await discard(copy)
  const input = await openRegularFile(from)
  const output = await open(partOf(work), known.length === 0 ? 'w+' : 'r+', 0o640)
  const journal = await open(listOf(work), 'a', 0o640)
  try {
    const good = await goodChunks(output, known)
    await journal.truncate(0)
    await journal.appendFile([JSON.stringify(source), ...known.slice(0, good), ''].join('\n'))
    await output.truncate(good * CHUNK_BYTES)
    await copyChunks({ input, output, journal, start: good * CHUNK_BYTES, size: source.size, signal })
    const now = await sourceVersion(from)
    if (!isSame(now, source)) throw new Error(`Cannot copy "${from}": it changed while it was copied`)
    await output.utimes(source.mtimeMs / 1_000, source.mtimeMs / 1_000)
    await output.sync()
  } finally {
    // Not awaited: it may hang on a filesystem that does not answer.
    void input.close().catch(() => undefined)
    await output.close()
    await journal.close()
  }
  await rename(partOf(work), to)
  await rm(listOf(work), { force: true })
}

/** Frees the space of an unfinished copy. */
export async function discard({ work }: Pick<FileCopy, 'work'>): Promise<void> {
  await rm(partOf(work), { force: true })
  await rm(listOf(work), { force: true })
}

async function copyChunks(run: {
  readonly input: FileHandle
  readonly output: FileHandle
  readonly journal: FileHandle
  readonly start: number
  readonly size: number
  readonly signal: AbortSignal
}): Promise<void> {
  const { input, output, journal, size, signal } = run
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => undefined)
  const read = (at: number) => readChunk(input, at, Math.min(CHUNK_BYTES, size - at))
  let ahead = run.start < size ? read(run.start) : undefined
  for (let at = run.start; ahead !== undefined; at += CHUNK_BYTES) {
    signal.throwIfAborted()
    const chunk = await Promise.race([ahead, aborted])
    ahead = at + CHUNK_BYTES < size ? read(at + CHUNK_BYTES) : undefined
    ahead?.catch(() => undefined) // thrown when it is awaited
    await writeChunk(output, chunk, at)
    // After the data: a line without its chunk is detected, and a chunk without its line is written again.
    await journal.appendFile(`${hash('sha256', chunk)}\n`)
  }
}

async function readChunk(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, at + filled)
    if (bytesRead === 0) return buffer.subarray(0, filled) // the file became shorter; the check at the end detects that
    filled += bytesRead
  }
  return buffer
}

async function writeChunk(file: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    written += (await file.write(chunk, written, chunk.length - written, at + written)).bytesWritten
  }
}

/** The number of chunks from the start of the part that match the list. */
async function goodChunks(part: FileHandle, hashes: readonly string[]): Promise<number> {
  for (const [index, expected] of hashes.entries()) {
    const chunk = await readChunk(part, index * CHUNK_BYTES, CHUNK_BYTES)
    // A shorter chunk can be written again without loss.
    if (chunk.length < CHUNK_BYTES || hash('sha256', chunk) !== expected) return index
  }
  return hashes.length
}

async function readList(work: string): Promise<{ source: SourceVersion; hashes: readonly string[] } | undefined> {
  try {
    const [first = '', ...lines] = (await readRegularText(listOf(work), MAX_LIST_BYTES)).split('\n')
    const { size, mtimeMs } = JSON.parse(first)
    return { source: { size, mtimeMs }, hashes: lines.filter(line => /^[0-9a-f]{64}$/.test(line)) }
  } catch {
    return undefined // no list, or one without a first line after a kill
  }
}

/** Filesystems keep times of different precision. */
const SAME_MS = 2

function isSame(a: SourceVersion, b: SourceVersion): boolean {
  return a.size === b.size && Math.abs(a.mtimeMs - b.mtimeMs) < SAME_MS
}

function partOf(work: string): string {
  return `${work}.part`
}

function listOf(work: string): string {
  return `${work}.chunks`
}
