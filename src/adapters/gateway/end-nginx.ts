import type { Clock } from '../system/clock.ts'
import { signal as sendSignal } from '../system/processes.ts'
import { findNginx } from './nginx/nginx-processes.ts'

/**
 * Has every process of the nginx in `root` end, by QUIT with its last request, and waits for that: true when not one is left,
 * false when the time was over or the signal aborted first. It goes on ending then.
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
