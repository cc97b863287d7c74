import { lstat, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * Makes a directory with those above it; one that is there is kept as it is. Instead of Node's `recursive`, which tries for ever
 * where the kernel says that there is no such place, as in /proc.
 *
 * @param mode of each that is made, as mkdir(2) takes it
 * @throws UserError where it cannot be made, which says what stands in the way
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  await make(path, mode).catch(async cause => {
    const what = await obstacle(path, cause)
    throw what === undefined ? cause : new UserError(`Cannot make directory "${path}": ${what}`, { cause })
  })
}

async function make(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) {
      await make(dirname(path), mode)
      await mkdir(path, { mode }).catch(again => keepWhatIsThere(path, again))
    } else await keepWhatIsThere(path, error)
  }
}

/** Also where it is made meanwhile, or where the system would say no before it says that it is there. */
async function keepWhatIsThere(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => undefined) // the first error says why
  if (found?.isDirectory() !== true) throw error
}

/** Undefined: none of the place's own, such as a disk that is full. */
async function obstacle(path: string, error: unknown): Promise<string | undefined> {
  const place = JSON.stringify(await nearest(path))
  switch (codeOf(error)) {
    case 'ENOENT':
      return `nothing can be made in ${place}; name another place`
    case 'EEXIST':
    case 'ENOTDIR':
      return `${place} is not a directory; name another place`
    case 'EROFS':
      return `the filesystem of ${place} is read-only; name another place`
    case 'EACCES':
    case 'EPERM':
      return `this account may not write in ${place}; let it, or name another place`
    default:
      return undefined
  }
}

/** The path, or of those above it the first that is there, a link that leads nowhere too. */
async function nearest(path: string): Promise<string> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  return isThere || dirname(path) === path ? path : nearest(dirname(path))
}
