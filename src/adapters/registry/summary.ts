import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'

/** The summary that a gateway's updater writes for every account. */
export function summaryFile(shared: string, gateway: string): string {
  return join(registryDirectories(shared).status, `${gateway}.json`)
}

/** Readable by every account that may enter `shared`, independent of our umask. Not flushed: the next one comes in seconds. */
export async function writeSummary(shared: string, gateway: string, text: string): Promise<void> {
  const { status } = registryDirectories(shared)
  await mkdir(status).then(
    () => chmod(status, 0o755),
    error => {
      if (codeOf(error) !== 'EEXIST') throw error
    },
  )
  await writeAtomic(summaryFile(shared, gateway), text, { flush: false, mode: 0o644, exactMode: true })
}
