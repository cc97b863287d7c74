import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../core/domain/caught.ts'
import type { Clock } from '../system/clock.ts'
import type { SerialQueue } from '../system/serial-queue.ts'
import { registryDirectories } from './directories.ts'

/** Bytes; beyond it the file becomes `.1` and a new one begins, so a writer keeps at most twice as much. */
const ROTATE_BYTES = 4 * 1024 * 1024
/** Lines that wait while the shared directory does not answer. Beyond it the oldest are dropped, and an event reports that. */
const MOST_WAITING = 1_000

export interface Journal {
  /** Records a decision that changed the world: at once on standard error, soon in `events/<writer>.jsonl`. Never waits. */
  record(event: string, detail: Readonly<Record<string, unknown>>): void
  /** Resolves when all recorded events are written, or cannot be. */
  close(): Promise<void>
}

/**
 * `print` gets every line at once. The shared file gets them through the serial queue; this process is its only writer.
 */
export function openJournal(
  options: { shared: string; writer: string; print: (line: string) => void },
  clock: Clock,
  serialQueue: SerialQueue,
): Journal {
  const file = join(registryDirectories(options.shared).events, `${options.writer}.jsonl`)
  let waiting: string[] = []
  let dropped = 0
  let isTroubled = false
  let writing: Promise<void> | undefined

  return {
    record(event, detail) {
      const line = JSON.stringify({ at: clock.date().toISOString(), event, ...detail })
      options.print(line)
      keep([...waiting, line])
      writing ??= write().finally(() => {
        writing = undefined
      })
    },
    async close() {
      await writing
    },
  }

  function keep(lines: string[]): void {
    waiting = lines.slice(-MOST_WAITING)
    dropped += lines.length - waiting.length
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      const missing = dropped
      waiting = []
      dropped = 0
      const first = { at: clock.date().toISOString(), event: 'events dropped', dropped: missing }
      const texts = missing === 0 ? lines : [JSON.stringify(first), ...lines]
      try {
        await serialQueue.run('write events', () => append(file, `${texts.join('\n')}\n`))
        isTroubled = false
      } catch (error) {
        dropped += missing
        keep([...lines, ...waiting]) // until the next event; standard error has them all
        if (!isTroubled) options.print(JSON.stringify({ event: 'trouble', what: 'events', message: messageOf(error) }))
        isTroubled = true
        return
      }
    }
  }
}

async function append(file: string, text: string): Promise<void> {
  // A new file, or one for which the append reports an error.
  const found = await stat(file).catch(() => undefined)
  // A pipe without a reader would block this queue, and with it all other writes, for ever.
  if (found !== undefined && !found.isFile()) throw new Error(`Cannot write "${file}": it is not a regular file`)
  if (found !== undefined && found.size > ROTATE_BYTES) await rename(file, `${file}.1`)
  await appendFile(file, text, { mode: 0o640 })
}
