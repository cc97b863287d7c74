import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'

/** The places below `<shared>`; one writer for each file in them. */
export function registryDirectories(shared: string) {
  return {
    endpoints: join(shared, 'endpoints'),
    beats: join(shared, 'beats'),
    routes: join(shared, 'routes'),
    events: join(shared, 'events'),
    logs: join(shared, 'logs'),
    requests: join(shared, 'requests'),
    keys: join(shared, 'keys'),
    /** The only one that other accounts may read; its writer creates it. */
    status: join(shared, 'status'),
  } as const
}

/** Creates missing directories. The shared directory itself must exist, so that a missing mount is not replaced by a new tree. */
export async function makeRegistry(shared: string): Promise<void> {
  const { status: _, ...own } = registryDirectories(shared)
  for (const directory of Object.values(own)) {
    await mkdir(directory, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new Error(`Cannot make "${directory}": ${reasonOf(error)}`, { cause: error })
    })
  }
}

/** Runs a write; if a directory is missing, creates all and tries once more. */
export async function inRegistry(shared: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof Error) || codeOf(error.cause) !== 'ENOENT') throw error
    await makeRegistry(shared)
    await write()
  }
}
