import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../../core/domain/caught.ts'
import { writeAtomic } from '../../system/atomic-file.ts'
import { readRegularText } from '../../system/regular-file.ts'

/** The one file of Sluice in the system's nginx. */
export interface SystemFile {
  readonly path: string
  /** Undefined when it is not there. */
  read(): Promise<string | undefined>
  /**
   * Replaces it by one rename; undefined removes it. What is so already is not touched.
   *
   * @throws when the file is somebody else's.
   */
  write(text: string | undefined): Promise<void>
}

/** Ten times a gateway of 4 096 endpoints with a key each. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/** `mark` is a line that every text of this gateway has, and no other's. */
export function systemFile(path: string, mark: string): SystemFile {
  return {
    path,
    read,
    async write(text) {
      const before = await read()
      if (before === text) return
      if (before !== undefined && !before.includes(mark)) {
        throw new Error(
          `Cannot write "${path}": what stands there is not this gateway's; move it away, or give this gateway another gateway.name`,
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

  /** What a kill in the middle of `writeAtomic` left; nginx includes no name that starts with a dot. */
  async function removeLeftovers(): Promise<void> {
    const directory = dirname(path)
    const start = `.${basename(path)}.`
    for (const name of await readdir(directory)) {
      if (name.startsWith(start) && name.endsWith('.tmp')) await rm(join(directory, name), { force: true })
    }
  }
}
