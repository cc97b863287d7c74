import { lstat, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * Creates a directory with its parents; existing ones are kept. Replaces Node's `recursive`, which loops for ever where the kernel
 * refuses the place, as in /proc.
 *
 * @param mode of each created directory, for mkdir(2)
 * @throws UserError with the reason if it cannot be created
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

/** Whether it exists, also if another process created it meanwhile, or the system refuses before it reports that it exists. */
async function keepWhatIsThere(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => undefined) // the first error has the reason
  if (found?.isDirectory() !== true) throw error
}

/** The reason if it depends on the place; undefined for others, such as a full disk. */
async function obstacle(path: string, error: unknown): Promise<string | undefined> {
  const place = JSON.stringify(await nearest(path))
  switch (codeOf(error)) {
    case 'ENOENT':
      return `nothing can be created in ${place}; name another place`
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

/** The path, or its nearest parent that exists; a dangling link counts as existing. */
async function nearest(path: string): Promise<string> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  return isThere || dirname(path) === path ? path : nearest(dirname(path))
}
