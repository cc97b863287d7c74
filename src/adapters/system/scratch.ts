import { reasonOf } from '../../core/domain/caught.ts'
import { findAbandoned, makeOwnedDirectory, removeDirectory } from './owned-directory.ts'

/**
 * Makes the scratch space of one run in `temporary`, 0700. What killed supervisors of our account left there goes first:
 * it may hold a key, or an unpacked image.
 *
 * @throws where nothing can be made there.
 */
export async function makeScratch(temporary: string, replica: string): Promise<string> {
  for (const left of await findAbandoned(temporary, PREFIX).catch(() => [])) {
    await removeDirectory(left).catch(() => undefined) // another one removes it as well, or an engine still ends in it
  }
  return makeOwnedDirectory(temporary, `${PREFIX}${replica}-`).catch(cause => {
    throw new Error(
      `Cannot make scratch space in "${temporary}": ${reasonOf(cause)}; let the job's TMPDIR name a directory of its node`,
    )
  })
}

const PREFIX = 'sluice-run-'
