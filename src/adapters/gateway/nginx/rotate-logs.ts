import { rename, stat } from 'node:fs/promises'
import { codeOf } from '../../../core/domain/caught.ts'
import { signal as sendSignal } from '../../system/processes.ts'
import type { StateDirectory } from '../state-directory.ts'
import { findNginx } from './nginx-processes.ts'

/**
 * Keeps each log below twice 64 MiB: a full log becomes `<name>.1`, and nginx opens a new one (USR1, nginx(8)). A removed log is
 * reopened too, because the outcome of requests is read there.
 */
export async function rotateLogs(directory: StateDirectory): Promise<void> {
  for (const path of [directory.accessLog, directory.errorLog]) {
    const bytes = await sizeOf(path)
    if (bytes !== undefined && bytes < FULL_BYTES) continue
    if (bytes !== undefined) await rename(path, `${path}.1`)
    for (const one of findNginx(directory.root)) if (one.role === 'master') sendSignal(one.pid, 'SIGUSR1')
  }
}

/** Undefined: there is none. A log that cannot be read is left alone. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    found => found.size,
    error => (codeOf(error) === 'ENOENT' ? undefined : 0),
  )
}

// A quarter of a million requests; two logs of two files stay below 256 MiB.
const FULL_BYTES = 64 * 1024 * 1024
