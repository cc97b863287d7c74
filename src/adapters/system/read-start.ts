import { closeSync, openSync, readSync } from 'node:fs'

/**
 * The first `bytes` of a file of the kernel, as Latin-1. A process of any account can make its own title gigabytes long (prctl(2)
 * PR_SET_MM_MAP). Synchronous: /proc is memory.
 *
 * @throws as open(2) and read(2) do.
 */
export function readStart(path: string, bytes: number): string {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(bytes)
    let length = 0
    while (length < bytes) {
      const count = readSync(file, buffer, length, bytes - length, null)
      if (count === 0) break
      length += count
    }
    return buffer.toString('latin1', 0, length)
  } finally {
    closeSync(file)
  }
}
