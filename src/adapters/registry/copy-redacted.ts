import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { redact } from '../../core/domain/engine-key.ts'
import { leftOutLine, readLeftOut } from '../../core/domain/engine-log.ts'
import { findLogTail, readAt } from '../system/log-tail.ts'
import { openRegularFile } from '../system/regular-file.ts'

export interface RedactedCopy {
  readonly from: string
  readonly to: string
  readonly keys: readonly string[]
  /** Of a longer file only the end is copied, after a line with the number of bytes that are left out. */
  readonly mostBytes: number
}

/** The copied length of a log, including the bytes that were left out. */
export interface LogEnd {
  readonly bytes: number
  readonly isLineEnd: boolean
}

/**
 * Copies a log without these keys. Every other byte is unchanged. The copy replaces the target as a whole
 * ("whole files, one call in flight", docs/design/rules.md).
 */
export async function copyRedacted({ from, to, keys, mostBytes }: RedactedCopy): Promise<LogEnd> {
  const file = await openRegularFile(from)
  const beside = join(dirname(to), `.${basename(to)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const tail = await findLogTail(file, mostBytes)
    const end = (tail?.end ?? (await file.stat()).size) - 1 // a writer may add without end meanwhile
    const head = tail === undefined ? '' : leftOutLine(tail.leftOutBytes)
    const text =
      end < 0 ? [] : file.createReadStream({ encoding: 'latin1', start: tail?.start ?? 0, end, autoClose: false })
    await pipeline(text, redacted(keys, head), createWriteStream(beside, { mode: 0o640, flush: true }))
    await rename(beside, to)
    const before = readLeftOut((await readAt(file, 0, 128)).toString('latin1'))
    const isLineEnd = end < 0 || (await readAt(file, end, 1)).toString('latin1') === '\n'
    return { bytes: end + 1 + before.bytes - before.length, isLineEnd }
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined) // the first error is more useful
    throw error
  } finally {
    await file.close()
  }
}

function redacted(keys: readonly string[], head: string) {
  const longest = Math.max(1, ...keys.map(key => key.length))
  return async function* (chunks: AsyncIterable<string>) {
    yield Buffer.from(head, 'latin1')
    let rest = ''
    for await (const chunk of chunks) {
      const text = redact(rest + chunk, keys)
      // A key may continue in the next chunk.
      const end = Math.max(0, text.length - longest + 1)
      rest = text.slice(end)
      yield Buffer.from(text.slice(0, end), 'latin1')
    }
    yield Buffer.from(rest, 'latin1')
  }
}
