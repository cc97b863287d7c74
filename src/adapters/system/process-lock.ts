import { realpath, rm, unlink, utimes } from 'node:fs/promises'
import lockfile from 'proper-lockfile'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { makeDirectory } from './make-directory.ts'
import { readOwner, writeOwner } from './written-owner.ts'

/**
 * Holds `directory` (on this machine's own disk: a lock on a share proves nothing) for this process alone until `release`.
 * A holder that died without releasing is taken over at once where its pid says so, and after ten seconds where that cannot
 * be seen: what waits for the next updater may be a drain of fifteen.
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
    const lock = `${await realpath(directory)}.lock`
    const owner = `${lock}.owner`
    if ((await readOwner(owner)) === 'gone') await spendLock(lock, owner)
    const release = await lockfile.lock(directory, { stale: STALE_MS, retries: RETRIES, onCompromised: compromised })
    await writeOwner(owner).catch(() => undefined) // a full disk keeps nobody from serving
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

/** Makes it as old as one that nobody touches. Of several who saw the same holder dead, whoever removes its name does so. */
async function spendLock(lock: string, owner: string): Promise<void> {
  const isOurs = await unlink(owner).then(
    () => true,
    () => false,
  )
  if (isOurs) await utimes(lock, 0, 0).catch(() => undefined) // there is none, or it cannot be seen to
}

const STALE_MS = 10_000
// A little longer than a dead holder's lock lives, so that a restart after a kill just works.
const RETRIES = { retries: 12, factor: 1, minTimeout: 1_000, maxTimeout: 1_000 }
