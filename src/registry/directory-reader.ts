import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileMark, readOwnFile } from './read-own-file.ts'

/** What became of a directory's files since the reader looked last. */
export interface DirectoryChange {
  readonly changed: readonly ({ readonly name: string } & ({ readonly text: string } | { readonly problem: string }))[]
  readonly removed: readonly string[]
}

/**
 * Reads a directory of small files again and again: opendir and open, which network filesystems answer truthfully
 * (rule 7), and a file's text only when it is another file than last time. Blocks while the filesystem does.
 */
export function createDirectoryReader(directory: string, maxBytes: number) {
  const marks = new Map<string, FileMark | undefined>()

  return {
    /** @throws when the directory or the filesystem cannot be read; then everything that was known still is. */
    read(): DirectoryChange {
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
    },
  }
}
