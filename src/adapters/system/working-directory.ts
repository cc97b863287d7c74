import { existsSync, readlinkSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * The working directory of this process. Where it was removed, the kernel's words for it, `/work (deleted)`, below which nothing is
 * found; and the process stands in `/` from then on, as programs and modules that ask for a directory would fail.
 */
export function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    const gone = readlinkSync('/proc/self/cwd') // read now: it is another one after the next line
    process.chdir('/')
    return gone
  }
}

/**
 * Where a file that is named so is to be written.
 *
 * @throws UserError where that would be below a working directory that was removed: it would be made anew, by another name.
 */
export function placeToWrite(path: string, cwd: string): string {
  if (isAbsolute(path) || existsSync(cwd)) return resolve(cwd, path)
  throw new UserError(`Cannot write ${path}: the working directory ${cwd} was removed; go to one that exists`)
}
