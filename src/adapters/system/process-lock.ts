import { realpath, rm, unlink, utimes } from 'node:fs/promises'
import lockfile from 'proper-lockfile'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { makeDirectory } from './make-directory.ts'
import { readOwner, writeOwner } from './written-owner.ts'

/**
 * Locks `directory` for this process until `release`. The directory must be on this machine's own disk, because a lock on a share is
 * not reliable. The lock of a dead holder is taken over at once if its pid shows that, and after ten seconds if not, because a
 * drain of fifteen seconds may wait for the next updater.
 *
 * `compromised` is called when the lock was lost, as after a long suspend: another process may hold it now, and the caller must end
 * at once.
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
    const lock = `${await realpath(directory)}.lock`
    const owner = `${lock}.owner`
    if ((await readOwner(owner)) === 'gone') await spendLock(lock, owner)
    const release = await lockfile.lock(directory, { stale: STALE_MS, retries: RETRIES, onCompromised: compromised })
    await writeOwner(owner).catch(() => undefined) // a full disk must not keep the program from running
    return {
      async release() {
        await rm(owner, { force: true }) // first: the next holder writes its own
        await release()
      },
    }
  } catch (cause) {
    if (codeOf(cause) === 'ELOCKED') {
      throw new UserError(`Cannot run ${what}: another one holds "${directory}"; stop that one first`, { cause })
    }
    throw new Error(`Cannot lock "${directory}": ${reasonOf(cause)}`, { cause })
  }
}

/** Makes the lock look expired. Of several processes that saw the dead holder, only the one that removes its name does so. */
async function spendLock(lock: string, owner: string): Promise<void> {
  const isOurs = await unlink(owner).then(
    () => true,
    () => false,
  )
  if (isOurs) await utimes(lock, 0, 0).catch(() => undefined) // there is none, or it cannot be seen to
}

const STALE_MS = 10_000
// A little longer than the lock of a dead holder lasts, so that a restart after a kill succeeds.
const RETRIES = { retries: 12, factor: 1, minTimeout: 1_000, maxTimeout: 1_000 }
