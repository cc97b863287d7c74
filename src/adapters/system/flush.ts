import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Flushes a directory with its content to the disk, so that a power failure cannot leave empty files. */
export async function flushTree(directory: string): Promise<void> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of found) await flush(join(entry.parentPath, entry.name))
  await flush(directory)
}

/** A file, or the names in a directory. */
export async function flush(path: string): Promise<void> {
  const opened = await open(path)
  try {
    await opened.sync().catch(error => {
      // Some network filesystems cannot flush directories.
      if (!['EINVAL', 'ENOTSUP'].includes(error.code)) throw error
    })
  } finally {
    await opened.close()
  }
}
