import { write } from 'node:fs'
import { printableLine } from '../../core/text/printable-text.ts'

/** Lines that wait for an output that does not answer; beyond them the newest are dropped. */
const MOST_WAITING = 1_000

export interface NonblockingOutput {
  print(line: string): void
  /** Resolves when all lines are written or lost. */
  flush(): Promise<void>
}

/**
 * Writes lines to a file descriptor without ever waiting for it. Slurm opens a job's output where the site wants it, often
 * on the shared filesystem, and Node writes to files synchronously: when that filesystem hangs, so would the process
 * ("whole files, one call in flight", docs/design/rules.md). One write at a time, in a thread of the pool. Whoever
 * reads it may read it on a terminal.
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
        // An output that is gone or full has nobody to be told of it; the journal's file has the same lines.
        if (error !== null || written === text.length) resolve()
        else resolve(writeAll(text.subarray(written)))
      })
    })
  }
}
