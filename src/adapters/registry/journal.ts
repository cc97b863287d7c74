import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../core/domain/caught.ts'
import { isPrinted, type LogLevel } from '../../core/domain/log-level.ts'
import type { Clock } from '../system/clock.ts'
import type { SerialQueue } from '../system/serial-queue.ts'
import { registryDirectories } from './directories.ts'

/** Bytes; beyond it the file becomes `.1` and a new one begins, so a writer keeps at most twice as much. */
const ROTATE_BYTES = 4 * 1024 * 1024
/**
 * Lines that wait while the shared directory does not answer. Beyond it the oldest are dropped, and an event reports that. Those
 * that the level kept off standard error are printed then.
 */
const MOST_WAITING = 1_000

interface Waiting {
  readonly line: string
  readonly wasPrinted: boolean
}

export interface Journal {
  /** Records a decision that changed the world: at once on standard error, soon in `events/<writer>.jsonl`. Never waits. */
  record(event: string, detail: Readonly<Record<string, unknown>>): void
  /** A line for standard error alone, at level `debug`. */
  debug(event: string, detail: Readonly<Record<string, unknown>>): void
  /** Resolves when what was recorded is written, or cannot be. */
  close(): Promise<void>
}

/**
 * `print` gets every line of the level at once, and any line that is dropped; the shared file gets all lines through the
 * serial queue. The file has no other writer.
 */
export function openJournal(
  options: { shared: string; writer: string; print: (line: string) => void; level?: LogLevel },
  clock: Clock,
  serialQueue: SerialQueue,
): Journal {
  const { level = 'info' } = options
  const file = join(registryDirectories(options.shared).events, `${options.writer}.jsonl`)
  let waiting: readonly Waiting[] = []
  let dropped = 0
  let isTroubled = false
  let writing: Promise<void> | undefined

  return {
    record(event, detail) {
      const line = lineOf(event, detail)
      const wasPrinted = isPrinted(event, level)
      if (wasPrinted) options.print(line)
      keep([...waiting, { line, wasPrinted }])
      writing ??= write().finally(() => {
        writing = undefined
      })
    },
    debug(event, detail) {
      if (level === 'debug') options.print(lineOf(event, detail))
    },
    async close() {
      await writing
    },
  }

  function lineOf(event: string, detail: Readonly<Record<string, unknown>>): string {
    return JSON.stringify({ at: clock.date().toISOString(), event, ...detail })
  }

  function keep(lines: readonly Waiting[]): void {
    waiting = lines.slice(-MOST_WAITING)
    const lost = lines.slice(0, lines.length - waiting.length)
    dropped += lost.length
    for (const { line, wasPrinted } of lost) if (!wasPrinted) options.print(line)
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      const missing = dropped
      waiting = []
      dropped = 0
      const first = { at: clock.date().toISOString(), event: 'events dropped', dropped: missing }
      const texts = [...(missing === 0 ? [] : [JSON.stringify(first)]), ...lines.map(({ line }) => line)]
      try {
        await serialQueue.run('write events', () => append(file, `${texts.join('\n')}\n`))
        isTroubled = false
      } catch (error) {
        dropped += missing
        keep([...lines, ...waiting]) // until the next event
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
