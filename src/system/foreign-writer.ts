import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../domain/caught.ts'

/**
 * Who besides root may put something else into the place of `path`: the path on the way to it, its target's included, that
 * somebody may write. Undefined: nobody. What does not exist yet is judged by the directory that it would be made in.
 */
export async function foreignWriter(path: string): Promise<{ path: string; writer: string } | undefined> {
  const target = await realpath(path).catch(() => path) // not made yet
  let isMissing = false
  for (const one of new Set([...wayTo(path), ...wayTo(target)])) {
    const found = await stat(one).catch(whenAbsent)
    if (found !== undefined && found.uid !== 0) return { path: one, writer: `uid ${found.uid}` }
    // In a sticky directory, such as /tmp, nobody replaces what is another's (inode(7)); but what is missing anybody makes.
    const isKept = found === undefined || (found.isDirectory() && found.mode & STICKY && !isMissing)
    isMissing = found === undefined
    if (isKept) continue
    if (found.mode & OTHERS_WRITE) return { path: one, writer: 'everybody' }
    if (found.mode & GROUP_WRITES && found.gid !== 0) return { path: one, writer: `group ${found.gid}` }
  }
  return undefined
}

/** From the path up to the root. */
function wayTo(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [path, ...wayTo(parent)]
}

function whenAbsent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002
