import type { Clock } from '../system/clock.ts'
import { signal as sendSignal } from '../system/processes.ts'
import { findNginx } from './nginx/nginx-processes.ts'

/**
 * Makes every process of the nginx in `root` end after its last request, by QUIT, and waits for that. True when none is left;
 * false when the time was over or the signal aborted first; then the processes still end later.
 */
export async function endNginx(options: {
  readonly root: string
  readonly name: 'SIGQUIT' | 'SIGTERM' | 'SIGKILL'
  readonly graceMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<boolean> {
  const { root, name, graceMs, clock, signal } = options
  for (const one of findNginx(root)) sendSignal(one.pid, name)
  const deadline = clock.now() + graceMs
  while (findNginx(root).length > 0 && clock.now() < deadline && !signal.aborted) {
    await clock.sleep(POLL_MS, signal)
  }
  return findNginx(root).length === 0
}

const POLL_MS = 20
