import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'

/**
 * Replaces `path` as a whole: written beside its place, flushed unless `flush` is false, renamed
 * ("whole files, one call in flight", docs/design/rules.md). Readers see the old text or the new one. The directory entry itself is
 * not flushed: after a power failure the old text may be back. The temporary name starts with a dot and ends with `.tmp`, so that
 * a scan skips it.
 */
export async function writeAtomic(path: string, text: string, options: WriteOptions = {}): Promise<void> {
  const slash = path.lastIndexOf('/') + 1
  const beside = `${path.slice(0, slash)}.${path.slice(slash)}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(beside, 'wx', options.mode ?? 0o640)
    try {
      await file.writeFile(text)
      if (options.exactMode === true) await file.chmod(options.mode ?? 0o640)
      if (options.flush ?? true) await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined) // the first error tells more
    // Without the temporary name, which differs every time, so that repeated errors are equal.
    const why = codeOf(error) === 'ENOENT' ? 'its directory does not exist (ENOENT)' : reasonOf(error)
    throw new Error(`Cannot write "${path}": ${why}`, { cause: error })
  }
}

export interface WriteOptions {
  /** False for files that may be lost with the machine, such as beats. */
  readonly flush?: boolean
  /** Permission bits; 0640 by default. */
  readonly mode?: number
  /** Ignores the umask, for files that other accounts read. */
  readonly exactMode?: boolean
}
