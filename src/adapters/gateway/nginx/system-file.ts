import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../../core/domain/caught.ts'
import { writeAtomic } from '../../system/atomic-file.ts'
import { readRegularText } from '../../system/regular-file.ts'

/** Sluice's one file in the system's nginx. */
export interface SystemFile {
  readonly path: string
  /** Undefined when it is not there. */
  read(): Promise<string | undefined>
  /**
   * Replaces it by one rename; undefined removes it. An equal file is not touched.
   *
   * @throws when the file does not belong to this gateway.
   */
  write(text: string | undefined): Promise<void>
}

/** Ten times a gateway of 4 096 endpoints with a key each. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/** `mark` is a line that only texts of this gateway have. */
export function systemFile(path: string, mark: string): SystemFile {
  return {
    path,
    read,
    async write(text) {
      const before = await read()
      if (before === text) return
      if (before !== undefined && !before.includes(mark)) {
        throw new Error(
          `Cannot write "${path}": that file does not belong to this gateway; move it away, or give this gateway another gateway.name`,
        )
      }
      if (text === undefined) await rm(path, { force: true })
      else await writeAtomic(path, text, { mode: 0o644 })
      await removeLeftovers()
    },
  }

  async function read(): Promise<string | undefined> {
    try {
      return await readRegularText(path, MAX_FILE_BYTES)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** The rest of a `writeAtomic` that was killed; nginx does not include names that start with a dot. */
  async function removeLeftovers(): Promise<void> {
    const directory = dirname(path)
    const start = `.${basename(path)}.`
    for (const name of await readdir(directory)) {
      if (name.startsWith(start) && name.endsWith('.tmp')) await rm(join(directory, name), { force: true })
    }
  }
}
