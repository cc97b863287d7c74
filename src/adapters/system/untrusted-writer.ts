import { lstat, readlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'

/**
 * Who besides root may put something else into the place of `path`: the first path on the way to it that another account
 * may write. The way is walked as the kernel walks it, and each link on it is judged too: its owner may replace it, also in
 * a sticky directory. Undefined: only root. What does not exist yet is judged by the directory that it would be made in.
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
      // Sticky protects what is there; what is missing may be made by all who may write.
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
    // In a sticky directory, such as /tmp, nobody replaces what is another's (inode(7)).
    const writer = found.isDirectory() && found.mode & STICKY ? undefined : writerOf(found)
    if (writer !== undefined) return { path: one, writer }
    at = one
  }
  return undefined
}

/**
 * Who besides the owner may write what has this mode. Where there is an access control list, the group's bits are the most
 * that it gives to anybody it names (acl(5)), so one that lets others write shows in them.
 */
export function writerOf({ mode, gid }: { readonly mode: number; readonly gid: number }): string | undefined {
  if (mode & OTHERS_WRITE) return 'everybody'
  if (!(mode & GROUP_WRITES)) return undefined
  return gid === 0 ? 'group 0, or whom an access control list names,' : `group ${gid}`
}

function whenAbsent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

// As Linux has it, path_resolution(7).
const MOST_LINKS = 40
const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002
