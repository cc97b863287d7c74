import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { whenAbsent } from '../../core/domain/caught.ts'
import { readLeftOut } from '../../core/domain/engine-log.ts'
import { createLiveText } from '../../core/domain/live-text.ts'
import { readAt } from '../system/log-tail.ts'
import { openRegularFile } from '../system/regular-file.ts'
import { copyRedacted, type LogEnd } from './copy-redacted.ts'

/**
 * A log on this node's disk, shown in the shared directory while its writer lives. The shown text equals that of the final
 * `copyRedacted`, so that a reader can continue in the copy.
 */
export interface LiveLog {
  /** Collects new text. Touches only this node's disk; not to be called while the log is cut. */
  collect(keys: readonly string[]): Promise<void>
  /** Appends the collected text. Text that cannot be written is tried again, as far as there is room for it. */
  show(): Promise<void>
  /** A copy of the log up to `end` has replaced the shown text. */
  superseded(end: LogEnd): void
}

/** The limit for text between two looks, and for waiting text; of a faster writer only parts are shown. */
const MOST_WAITING = 256 * 1024
/** Beyond it the shown file is cut to half of it. */
const MOST_SHOWN = 4 * 1024 * 1024

export function createLiveLog({ from, to }: { from: string; to: string }): LiveLog {
  const text = createLiveText()
  let at = 0
  let waiting = ''
  let isOurs = false

  return {
    async collect(keys) {
      const file = await openRegularFile(from).catch(whenAbsent)
      if (file === undefined) return
      const before = at
      try {
        const leftOut = readLeftOut((await readAt(file, 0, 128)).toString('latin1'))
        const toPlace = leftOut.length - leftOut.bytes
        const end = (await file.stat()).size - toPlace
        const start = Math.max(at, leftOut.bytes, end - MOST_WAITING)
        if (end <= start) return
        const added = await readAt(file, start + toPlace, end - start)
        if (at !== before) return // a copy has replaced the file meanwhile
        if (start > at) gap(start - at)
        at = start + added.length
        waiting += text.add(added.toString('latin1'), keys)
        if (waiting.length > MOST_WAITING) dropOldest()
      } finally {
        await file.close()
      }
    },
    async show() {
      if (waiting === '') return
      const taken = waiting
      if ((await append(taken)) > MOST_SHOWN) await copyRedacted({ from: to, to, keys: [], mostBytes: MOST_SHOWN / 2 })
      // Text collected meanwhile follows it, if there was room for both.
      waiting = waiting.startsWith(taken) ? waiting.slice(taken.length) : waiting
    },
    superseded(end) {
      isOurs = true
      waiting = ''
      at = end.bytes
      text.skip()
      if (end.isLineEnd) text.add('\n', [])
    },
  }

  /** Returns the size of the file with it. */
  async function append(added: string): Promise<number> {
    await mkdir(dirname(to), { recursive: true, mode: 0o750 })
    // A file of another process under this name does not belong to this log.
    const file = await open(to, FLAGS | (isOurs ? 0 : constants.O_TRUNC), 0o640)
    try {
      const { size } = await file.stat()
      isOurs = true
      await file.appendFile(added, 'latin1')
      return size + added.length
    } finally {
      await file.close()
    }
  }

  function gap(bytes: number): void {
    text.skip()
    waiting += `sluice: about ${bytes} bytes are shown once the engine has ended\n`
  }

  function dropOldest(): void {
    const cut = waiting.indexOf('\n', waiting.length - MOST_WAITING / 2) + 1
    waiting = `sluice: about ${cut} bytes are shown once the engine has ended\n${waiting.slice(cut)}`
  }
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
const FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
