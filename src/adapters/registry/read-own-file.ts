import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf } from '../../core/domain/caught.ts'

/**
 * The identity of a file when it was last read. Files are replaced as a whole ("whole files, one call in flight",
 * docs/design/rules.md), so the same inode, size and times mean the same text. They come from an open file, for which network
 * filesystems answer truthfully ("events only wake", docs/design/rules.md).
 */
export interface FileMark {
  readonly inode: number
  readonly size: number
  readonly modifiedMs: number
  readonly changedMs: number
}

/**
 * The text of a file of our account, or why it is not read ("nothing unvalidated reaches nginx", docs/design/rules.md); `same` if
 * it still matches the mark.
 */
export type OwnFile =
  | { readonly kind: 'text'; readonly text: string; readonly mark: FileMark }
  | { readonly kind: 'problem'; readonly problem: string; readonly mark?: FileMark }
  | { readonly kind: 'same' }
  | { readonly kind: 'absent' }

/**
 * Opens without following a link and without waiting on a pipe, and checks the open file by fstat: a regular file, owned by our
 * account, of a bounded size. The answer holds for one moment. Blocks while the filesystem does.
 *
 * @throws when the filesystem itself fails (EIO, ESTALE, ETIMEDOUT), which means nothing about the file
 * ("unknown is not none", docs/design/rules.md).
 */
export function readOwnFile(path: string, maxBytes: number, known?: FileMark, uid = process.getuid?.()): OwnFile {
  const opened = open(path)
  if (typeof opened !== 'number') return opened
  try {
    const stat = fstatSync(opened)
    const mark = { inode: stat.ino, size: stat.size, modifiedMs: stat.mtimeMs, changedMs: stat.ctimeMs }
    if (known !== undefined && isSame(mark, known)) return { kind: 'same' }
    const no = (problem: string): OwnFile => ({ kind: 'problem', problem, mark })
    if (!stat.isFile()) return no('Not a regular file')
    if (uid !== undefined && stat.uid !== uid) return no(`Owned by uid ${stat.uid}, not by ours (${uid})`)
    if (stat.size > maxBytes) return no(`${stat.size} bytes, more than the ${maxBytes} that such a file may have`)
    const buffer = Buffer.alloc(Math.min(maxBytes, stat.size) + 1)
    const bytesRead = readSync(opened, buffer, 0, buffer.length, 0)
    if (bytesRead > maxBytes) return no(`More than the ${maxBytes} bytes that such a file may have`)
    return { kind: 'text', text: buffer.toString('utf8', 0, bytesRead), mark }
  } finally {
    closeSync(opened)
  }
}

function open(path: string): number | OwnFile {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const problem = REFUSALS.get(codeOf(error))
    if (problem === undefined) throw error
    return problem === 'absent' ? { kind: 'absent' } : { kind: 'problem', problem }
  }
}

/** open(2) errors that are about this one file. */
const REFUSALS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'absent'],
  ['ELOOP', 'A symbolic link'],
  ['EMLINK', 'A symbolic link'],
  ['EACCES', 'Unreadable: permission denied'],
  ['EPERM', 'Unreadable: permission denied'],
  ['ENXIO', 'Not a regular file'],
])

function isSame(one: FileMark, other: FileMark): boolean {
  return (
    one.inode === other.inode &&
    one.size === other.size &&
    one.modifiedMs === other.modifiedMs &&
    one.changedMs === other.changedMs
  )
}
