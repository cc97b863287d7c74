import { messageOf } from '../../core/domain/caught.ts'
import { makeDirectory } from '../system/make-directory.ts'
import type { Refused } from './slurm.ts'

/**
 * Creates the directory of a job's log, which Slurm does not: without it the job dies of JobLaunchFailure (0:53) and leaves no
 * output. Undefined when it exists.
 */
export async function makeOutputDirectory(path: string): Promise<Refused | undefined> {
  try {
    await makeDirectory(path, 0o750)
    return undefined
  } catch (error) {
    return { kind: 'refused', message: `${messageOf(error)} (slurm.output; best on the shared filesystem)` }
  }
}
