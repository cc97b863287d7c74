import { lstat, readlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { whenAbsent } from '../../core/domain/caught.ts'

/**
 * The account besides root that can replace `path`: the first path on the way to it that another account may write. The way is
 * resolved like in the kernel, and each link counts too, because its owner may replace it, even in a sticky directory. Undefined:
 * only root. For a missing path its would-be directory counts.
 */
export async function untrustedWriter(path: string): Promise<{ path: string; writer: string } | undefined> {
  let rest = ['.', ...resolve(path).split('/')]
  let at = '/'
  let links = 0
  while (rest.length > 0) {
    const [name = '', ...further] = rest
    const one = join(at, name)
    rest = further
    const found = await lstat(one).catch(whenAbsent)
    if (found === undefined) {
      // Sticky protects existing files; a missing one can be created by every account that may write.
      const writer = writerOf(await lstat(at))
      return writer === undefined ? undefined : { path: at, writer }
    }
    if (found.uid !== 0) return { path: one, writer: `uid ${found.uid}` }
    if (found.isSymbolicLink()) {
      links += 1
      if (links > MOST_LINKS) throw new Error(`Cannot follow "${path}": it has more than ${MOST_LINKS} links`)
      const target = await readlink(one)
      if (target.startsWith('/')) at = '/'
      rest = [...target.split('/'), ...rest]
      continue
    }
    // In a sticky directory, such as /tmp, an account cannot replace another's files (inode(7)).
    const writer = found.isDirectory() && found.mode & STICKY ? undefined : writerOf(found)
    if (writer !== undefined) return { path: one, writer }
    at = one
  }
  return undefined
}

/**
 * The accounts besides the owner that may write a file of this mode. With an access control list, the group's bits are the upper
 * limit for every account in the list (acl(5)), so they show whether others may write.
 */
export function writerOf({ mode, gid }: { readonly mode: number; readonly gid: number }): string | undefined {
  if (mode & OTHERS_WRITE) return 'everybody'
  if (!(mode & GROUP_WRITES)) return undefined
  return gid === 0 ? 'group 0, or an account of an access control list,' : `group ${gid}`
}

// The limit of Linux, path_resolution(7).
const MOST_LINKS = 40
const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002
