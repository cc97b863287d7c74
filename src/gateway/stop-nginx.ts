import { rm } from 'node:fs/promises'
import { signal as sendSignal } from '../system/processes.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { findNginx } from './nginx-processes.ts'

/** `Gateway.stop` of a private nginx: quit, terminate, kill; each until nothing is left or its time is over. */
export async function stopNginx(
  { directory, clock }: GatewayParts,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const never = new AbortController().signal
  for (const [name, ms, cut] of [
    ['SIGQUIT', graceMs, signal],
    ['SIGTERM', TERMINATE_MS, never],
    ['SIGKILL', KILL_MS, never],
  ] as const) {
    for (const one of findNginx(directory.root)) sendSignal(one.pid, name)
    const deadline = clock.now() + ms
    while (findNginx(directory.root).length > 0 && clock.now() < deadline && !cut.aborted) {
      await clock.sleep(POLL_MS, cut)
    }
  }
  const left = findNginx(directory.root).map(one => one.pid)
  if (left.length > 0) throw new Error(`Cannot stop nginx: killed and still there: ${left.join(', ')}`)
  await rm(directory.controlSocket, { force: true }) // a killed master leaves it
}

// nginx kills its own workers 1 s after a TERM (ngx_process_cycle.c).
const TERMINATE_MS = 3000
const KILL_MS = 5000
const POLL_MS = 20
