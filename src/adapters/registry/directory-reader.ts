import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileMark, readOwnFile } from './read-own-file.ts'

/** The changes of a directory's files since the last read. */
export interface DirectoryChange {
  readonly changed: readonly ({ readonly name: string } & ({ readonly text: string } | { readonly problem: string }))[]
  readonly removed: readonly string[]
}

/** Two changes within a filesystem's tick, at most a second, leave the directory with the same times. */
const TICK_MS = 1_000
/** Unchanged directories are read at this interval too, because a file may have been written in place. */
const LONGEST_UNREAD_MS = 30_000

/**
 * Reads a directory of small files again and again, by opendir and open, which network filesystems answer truthfully
 * ("events only wake", docs/design/rules.md). A file's text is read only if the file has changed. Files are replaced by renaming
 * ("whole files, one call in flight", docs/design/rules.md), which changes the times of their directory; while these stand still,
 * its files are not opened. Blocks while the filesystem does. `now` is a monotonic clock in milliseconds.
 */
export function createDirectoryReader(directory: string, maxBytes: number, now: () => number) {
  const marks = new Map<string, FileMark | undefined>()
  let times = ''
  let timesSince = 0
  let readAt = Number.NEGATIVE_INFINITY

  return {
    /** @throws when the directory or the filesystem cannot be read; the last result then stays valid. */
    read(): DirectoryChange {
      const startedAt = now()
      const found = timesOf(directory)
      if (found !== times) timesSince = startedAt
      times = found
      if (readAt - timesSince >= TICK_MS && startedAt - readAt < LONGEST_UNREAD_MS) return { changed: [], removed: [] }
      const change = readFiles()
      readAt = startedAt
      return change
    },
  }

  function readFiles(): DirectoryChange {
    // A leading dot: a file that is being written, or a network filesystem's own.
    const names = readdirSync(directory).filter(name => !name.startsWith('.'))
    const changed: DirectoryChange['changed'][number][] = []
    const present = new Set<string>()
    for (const name of names) {
      const read = readOwnFile(join(directory, name), maxBytes, marks.get(name))
      if (read.kind === 'absent') continue // removed between the two calls
      present.add(name)
      if (read.kind === 'same') continue
      marks.set(name, read.mark)
      changed.push(read.kind === 'text' ? { name, text: read.text } : { name, problem: read.problem })
    }
    const removed = [...marks.keys()].filter(name => !present.has(name))
    for (const name of removed) marks.delete(name)
    return { changed, removed }
  }
}

/** From the opened directory, because stat of its name may be answered from a cache. */
function timesOf(directory: string): string {
  const opened = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const { ino, mtimeNs, ctimeNs } = fstatSync(opened, { bigint: true })
    return `${ino} ${mtimeNs} ${ctimeNs}`
  } finally {
    closeSync(opened)
  }
}
