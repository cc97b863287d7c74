import { rm } from 'node:fs/promises'
import { endNginx } from '../end-nginx.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { findNginx } from './nginx-processes.ts'

/** `Gateway.stop` of a private nginx: quit, terminate, kill; each until no process is left or its time is over. */
export async function stopNginx(
  { directory, clock }: Pick<GatewayParts, 'directory' | 'clock'>,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { root } = directory
  const never = new AbortController().signal
  await endNginx({ root, name: 'SIGQUIT', graceMs, clock, signal })
  await endNginx({ root, name: 'SIGTERM', graceMs: TERMINATE_MS, clock, signal: never })
  await endNginx({ root, name: 'SIGKILL', graceMs: KILL_MS, clock, signal: never })
  const left = findNginx(root).map(one => one.pid)
  if (left.length > 0) throw new Error(`Cannot stop nginx: killed and still there: ${left.join(', ')}`)
  await rm(directory.controlSocket, { force: true }) // a killed master leaves it
}

// nginx kills its own workers 1 s after a TERM (ngx_process_cycle.c).
const TERMINATE_MS = 3000
const KILL_MS = 5000
