import { reasonOf } from '../../core/domain/caught.ts'
import { findAbandoned, makeOwnedDirectory, removeDirectory } from './owned-directory.ts'

/**
 * Creates the scratch space of one run in `temporary`, 0700. First it removes the scratch space of killed supervisors of our
 * account, which may hold a key or an unpacked image.
 *
 * @throws when it cannot be created.
 */
export async function makeScratch(temporary: string, replica: string): Promise<string> {
  for (const left of await findAbandoned(temporary, PREFIX).catch(() => [])) {
    await removeDirectory(left).catch(() => undefined) // another process removes it too, or an engine is still ending in it
  }
  return makeOwnedDirectory(temporary, `${PREFIX}${replica}-`).catch(cause => {
    throw new Error(
      `Cannot make scratch space in "${temporary}": ${reasonOf(cause)}; let the job's TMPDIR name a directory of its node`,
    )
  })
}

const PREFIX = 'sluice-run-'
