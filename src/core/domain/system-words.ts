/** What a person would say of it, for what the system says of files. Anything else keeps its own words. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota there is used up',
  EEXIST: 'something is there already',
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
  ESTALE: 'the server of the filesystem has another one now',
  ETXTBSY: 'it is a program that runs',
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'run this as the account that owns it, or give this one access',
  EDQUOT: 'make room, or ask for more (quota -s)',
  EEXIST: 'remove it, or name another place',
  EIO: 'look whether it is mounted and answers',
  EISDIR: 'name a file',
  ENOENT: 'make it, or correct the path',
  ENOSPC: 'make room (df -h and df -i show where there is none)',
  ENOTDIR: 'correct the path, or remove what stands in its way',
  EPERM: 'run this as the account that owns it',
  EROFS: 'choose another place, or mount it to be written to',
  ESTALE: 'look whether it is mounted and answers',
}

/** Verbs of the calls whose words are not what people say. */
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

/** Calls that miss what is above their path, not the path. */
const MAKING = ['mkdir', 'mkdtemp', 'symlink']

/** A failed call on a file, as Node reports it: `ENOENT: no such file or directory, open '/a'`. */
export interface SystemFailure {
  readonly verb: string
  /** Undefined where the call had an open file. */
  readonly path: string | undefined
  readonly code: string
  /** `permission denied (EACCES)` */
  readonly words: string
  /** What people may do about it. */
  readonly advice: string | undefined
}

/** Undefined for every error but such a one, also for one whose words somebody has chosen. */
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
