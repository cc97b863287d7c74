import { mkdir } from 'node:fs/promises'
import { reasonOf } from '../domain/caught.ts'
import type { Refused } from './slurm.ts'

/**
 * Makes the directory of a job's log, which Slurm does not: without it the job dies of JobLaunchFailure (0:53) and
 * leaves no word. Undefined when it is there.
 */
export async function makeOutputDirectory(path: string): Promise<Refused | undefined> {
  try {
    await mkdir(path, { recursive: true, mode: 0o750 })
    return undefined
  } catch (error) {
    const found = reasonOf(error)
    return {
      kind: 'refused',
      message: `Cannot make output directory "${path}": ${found}; choose one on the shared filesystem`,
    }
  }
}
