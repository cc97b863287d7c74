import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'

/** Where the updater of a gateway says for everybody how its site is. */
export function summaryFile(shared: string, gateway: string): string {
  return join(registryDirectories(shared).status, `${gateway}.json`)
}

/** For every account that may enter `shared`, whatever our umask. Not flushed: the next one comes in seconds. */
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
