import { existsSync, readlinkSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * The working directory of this process. If it was removed, the kernel's text for it, `/work (deleted)`, below which no file is
 * found; the process then changes to `/`, because programs and modules that read the working directory would fail.
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
 * The absolute path for a file to write.
 *
 * @throws UserError if it would be below a removed working directory, which would be created again under another name.
 */
export function placeToWrite(path: string, cwd: string): string {
  if (isAbsolute(path) || existsSync(cwd)) return resolve(cwd, path)
  throw new UserError(`Cannot write ${path}: the working directory ${cwd} was removed; go to one that exists`)
}
