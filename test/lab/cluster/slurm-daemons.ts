import { type StopOptions, startDaemon, stopDaemon } from './daemons.ts'
import { nodeArgv } from './on-node.ts'

/** In the foreground (-D), so that the pid we see is the daemon's. */
export async function startSlurmctld(): Promise<void> {
  await startDaemon({ name: 'slurmctld', argv: ['slurmctld', '-D'] })
}

/**
 * SIGTERM saves the state; SIGKILL is a crash that forgets the last seconds: a job that had just started is PENDING again,
 * is killed on its node without a TERM, and starts a second time with the same id and restart count.
 */
export async function stopSlurmctld(options?: StopOptions): Promise<void> {
  await stopDaemon('slurmctld', options)
}

export async function startSlurmd(nodeName: string): Promise<void> {
  await startDaemon({ name: slurmdName(nodeName), argv: nodeArgv(nodeName, ['slurmd', '-D']) })
}

export function slurmdName(nodeName: string): string {
  return `slurmd.${nodeName}`
}
