import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../system/clock.ts'
import type { Lane } from '../system/lane.ts'
import { registryDirectories } from './directories.ts'

/** Bytes; beyond it the file becomes `.1` and a new one begins, so a writer keeps at most twice as much. */
const ROTATE_BYTES = 4 * 1024 * 1024
/** Lines that wait while the shared directory does not answer; beyond them the oldest are dropped, and it is said. */
const MOST_WAITING = 1_000

export interface Journal {
  /** Notes a decision that changed the world: at once on standard error, soon in `events/<writer>.jsonl`. Never waits. */
  record(event: string, detail: Readonly<Record<string, unknown>>): void
  /** Resolves when what was recorded is written, or cannot be. */
  close(): Promise<void>
}

/** `print` gets every line at once; the shared file gets them through the lane, and is nobody's but this writer's. */
export function openJournal(
  options: { shared: string; writer: string; print: (line: string) => void },
  clock: Clock,
  lane: Lane,
): Journal {
  const file = join(registryDirectories(options.shared).events, `${options.writer}.jsonl`)
  let waiting: string[] = []
  let dropped = 0
  let writing: Promise<void> | undefined

  return {
    record(event, detail) {
      const line = JSON.stringify({ at: clock.date().toISOString(), event, ...detail })
      options.print(line)
      waiting.push(line)
      if (waiting.length > MOST_WAITING) {
        waiting.shift()
        dropped += 1
      }
      writing ??= write().finally(() => {
        writing = undefined
      })
    },
    async close() {
      await writing
    },
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      if (dropped > 0)
        lines.unshift(JSON.stringify({ at: clock.date().toISOString(), event: 'events dropped', dropped }))
      try {
        await lane.run('write events', () => append(file, `${lines.join('\n')}\n`))
        dropped = 0
      } catch (error) {
        // Standard error has them all; the shared file catches up with what comes next.
        dropped += lines.length
        options.print(JSON.stringify({ event: 'trouble', what: 'events', message: String(error) }))
        return
      }
    }
  }
}

async function append(file: string, text: string): Promise<void> {
  const size = await stat(file).then(
    found => found.size,
    () => 0, // a new file, or one that the append will complain about
  )
  if (size > ROTATE_BYTES) await rename(file, `${file}.1`)
  await appendFile(file, text, { mode: 0o640 })
}
