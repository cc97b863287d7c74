/** Plain words for the system's errors about files. Other errors keep their own words. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota there is used up',
  EEXIST: 'it exists already',
  EFBIG: 'the file would be too large',
  EIO: 'the device or the server of the filesystem fails',
  EISDIR: 'it is a directory',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'this process has too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'this machine has too many open files',
  ENODEV: 'the device is gone',
  ENOENT: 'it does not exist',
  ENOSPC: 'no space is left there',
  ENOTDIR: 'a part of the path is not a directory',
  ENOTEMPTY: 'it is not empty',
  EPERM: 'not permitted',
  EROFS: 'the filesystem is read-only',
  ESTALE: 'the file server no longer has this file',
  ETXTBSY: 'it is a running program',
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'run this as the account that owns it, or give this one access',
  EDQUOT: 'make room, or ask for a higher quota (quota -s)',
  EEXIST: 'remove it, or name another place',
  EIO: 'check that it is mounted and answers',
  EISDIR: 'name a file',
  ENOENT: 'create it, or correct the path',
  ENOSPC: 'make room (df -h and df -i show where there is none)',
  ENOTDIR: 'correct the path, or remove the file in its way',
  EPERM: 'run this as the account that owns it',
  EROFS: 'choose another place, or mount it writable',
  ESTALE: 'check that it is mounted and answers',
}

/** Plain verbs for system calls. */
const VERBS: Readonly<Record<string, string>> = {
  copyfile: 'copy',
  fdatasync: 'write',
  fsync: 'write',
  ftruncate: 'write',
  lstat: 'look at',
  mkdir: 'make the directory',
  mkdtemp: 'make a directory in',
  opendir: 'list',
  readlink: 'read the link',
  rmdir: 'remove',
  scandir: 'list',
  stat: 'look at',
  statfs: 'look at',
  unlink: 'remove',
}

/** Calls for which ENOENT means that the parent directory is missing. */
const MAKING = ['mkdir', 'mkdtemp', 'symlink']

/** A failed call on a file, as Node reports it: `ENOENT: no such file or directory, open '/a'`. */
export interface SystemFailure {
  readonly verb: string
  /** Undefined where the call had an open file. */
  readonly path: string | undefined
  readonly code: string
  /** `permission denied (EACCES)` */
  readonly words: string
  /** The fix for people. */
  readonly advice: string | undefined
}

/** Undefined for other errors, also for one with a message of our own. */
export function systemFailure(error: Error): SystemFailure | undefined {
  const { code, syscall, path } = error as NodeJS.ErrnoException
  const words = code === undefined ? undefined : WORDS[code]
  if (code === undefined || syscall === undefined || words === undefined) return undefined
  if (!error.message.startsWith(`${code}: `)) return undefined
  const isAbove = code === 'ENOENT' && MAKING.includes(syscall)
  return {
    verb: VERBS[syscall] ?? syscall,
    path,
    code,
    words: `${isAbove ? 'its directory does not exist' : words} (${code})`,
    advice: ADVICE[code],
  }
}
