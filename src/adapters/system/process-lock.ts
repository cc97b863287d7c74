import lockfile from 'proper-lockfile'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { makeDirectory } from './make-directory.ts'

/**
 * Holds `directory` (on this machine's own disk: a lock on a share proves nothing) for this process alone until `release`.
 * A holder that died without releasing is taken over after ten seconds.
 *
 * `compromised` is called when the lock was lost while held, as after a long suspend: another process may hold it now, and
 * the caller must end at once.
 *
 * @throws UserError when another process holds it.
 */
export async function holdLock(
  directory: string,
  what: string,
  compromised: (error: Error) => void,
): Promise<{ release(): Promise<void> }> {
  try {
    await makeDirectory(directory, 0o750)
    const release = await lockfile.lock(directory, { stale: STALE_MS, retries: RETRIES, onCompromised: compromised })
    return { release }
  } catch (cause) {
    if (codeOf(cause) === 'ELOCKED') {
      throw new UserError(`Cannot run ${what}: another one holds "${directory}"; stop that one first`, { cause })
    }
    throw new Error(`Cannot lock "${directory}": ${reasonOf(cause)}`, { cause })
  }
}

const STALE_MS = 10_000
// A little longer than a dead holder's lock lives, so that a restart after a kill just works.
const RETRIES = { retries: 12, factor: 1, minTimeout: 1_000, maxTimeout: 1_000 }
