import { rename } from 'node:fs/promises'
import { signal as sendSignal } from '../system/processes.ts'
import { sizeOf } from './await-generation.ts'
import { findNginx } from './nginx-processes.ts'
import type { StateDirectory } from './state-directory.ts'

/** Keeps each log below twice 64 MiB: what is full becomes `<name>.1`, and nginx opens a new one (USR1, nginx(8)). */
export async function rotateLogs(directory: StateDirectory): Promise<void> {
  for (const path of [directory.accessLog, directory.errorLog]) {
    if ((await sizeOf(path)) < FULL_BYTES) continue
    await rename(path, `${path}.1`)
    for (const one of findNginx(directory.root)) if (one.role === 'master') sendSignal(one.pid, 'SIGUSR1')
  }
}

// A quarter of a million requests, which is what one looks back on; two logs of two files stay below 256 MiB.
const FULL_BYTES = 64 * 1024 * 1024
