import { lstat, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readOwner, writeOwner } from './written-owner.ts'

/** In each such directory: which process made it. */
const OWNER = 'owner.json'

/** Makes a new directory `parent/prefix…`, 0700, that others can tell to be this process's. */
export async function makeOwnedDirectory(parent: string, prefix: string): Promise<string> {
  const directory = await realpath(await mkdtemp(join(parent, prefix)))
  await writeOwner(join(directory, OWNER))
  return directory
}

/** Those of our account whose process is gone. One that another PID namespace made is left alone: who knows who lives there. */
export function findAbandoned(parent: string, prefix: string): Promise<string[]> {
  return findOwned(parent, prefix, 'abandoned')
}

/** Those of our account whose process lives; none where `parent` cannot be read. */
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

/** Also when what was in it is still ending and writes. */
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
