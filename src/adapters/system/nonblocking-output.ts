import { write } from 'node:fs'
import { printableLine } from '../../core/text/printable-text.ts'

/** The most lines that wait for a blocked output; beyond it the newest are dropped. */
const MOST_WAITING = 1_000

export interface NonblockingOutput {
  print(line: string): void
  /** Resolves when all lines are written or lost. */
  flush(): Promise<void>
}

/**
 * Writes lines to a file descriptor without waiting for it. A job's output is often on the shared filesystem, and Node writes to
 * files synchronously, so a hanging filesystem would block the process ("whole files, one call in flight", docs/design/rules.md).
 * One write at a time, in a thread of the pool. Lines are made printable, because the reader may be a terminal.
 */
export function createNonblockingOutput(fd: number): NonblockingOutput {
  let waiting: string[] = []
  let writing: Promise<void> | undefined

  return {
    print(line) {
      if (waiting.length < MOST_WAITING) waiting.push(printableLine(line))
      writing ??= drain().finally(() => {
        writing = undefined
      })
    },
    flush: async () => writing,
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const text = Buffer.from(`${waiting.join('\n')}\n`)
      waiting = []
      await writeAll(text)
    }
  }

  function writeAll(text: Buffer): Promise<void> {
    return new Promise(resolve => {
      write(fd, text, (error, written) => {
        // An error of this output cannot be reported; the journal's file has the same lines.
        if (error !== null || written === text.length) resolve()
        else resolve(writeAll(text.subarray(written)))
      })
    })
  }
}
