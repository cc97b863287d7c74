import { lstat, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readOwner, writeOwner } from './written-owner.ts'

/** The file in each such directory that names its process. */
const OWNER = 'owner.json'

/** Creates a new directory `parent/prefix…`, 0700, that names this process as its owner. */
export async function makeOwnedDirectory(parent: string, prefix: string): Promise<string> {
  const directory = await realpath(await mkdtemp(join(parent, prefix)))
  await writeOwner(join(directory, OWNER))
  return directory
}

/** Directories of our account whose process is gone. Those of another PID namespace are left out, because their process may live. */
export function findAbandoned(parent: string, prefix: string): Promise<string[]> {
  return findOwned(parent, prefix, 'abandoned')
}

/** Directories of our account whose process lives; none if `parent` cannot be read. */
export function findInhabited(parent: string, prefix: string): Promise<string[]> {
  return findOwned(parent, prefix, 'inhabited').catch(() => [])
}

async function findOwned(parent: string, prefix: string, wanted: 'abandoned' | 'inhabited'): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(parent)) {
    const directory = join(parent, name)
    if (name.startsWith(prefix) && (await stateOf(directory)) === wanted) found.push(directory)
  }
  return found.sort()
}

/** Works even while a process in it is still ending and writing. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

async function stateOf(directory: string): Promise<'abandoned' | 'inhabited' | undefined> {
  try {
    const stat = await lstat(directory)
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return undefined
    const owner = await readOwner(join(directory, OWNER))
    return owner && (owner === 'lives' ? 'inhabited' : 'abandoned')
  } catch {
    return undefined // it is being made or removed, or it is not one of these
  }
}
