import { type StopOptions, startDaemon, stopDaemon } from './daemons.ts'
import { nodeArgv } from './on-node.ts'

/** In the foreground (-D), so that the pid we see is the daemon's. */
export async function startSlurmctld(): Promise<void> {
  await startDaemon({ name: 'slurmctld', argv: ['slurmctld', '-D'] })
}

/** Its state is saved on SIGTERM; SIGKILL is a crash. */
export async function stopSlurmctld(options?: StopOptions): Promise<void> {
  await stopDaemon('slurmctld', options)
}

export async function startSlurmd(nodeName: string): Promise<void> {
  await startDaemon({ name: slurmdName(nodeName), argv: nodeArgv(nodeName, ['slurmd', '-D']) })
}

/** The node's jobs go on. */
export async function stopSlurmd(nodeName: string, options?: StopOptions): Promise<void> {
  await stopDaemon(slurmdName(nodeName), options)
}

export function slurmdName(nodeName: string): string {
  return `slurmd.${nodeName}`
}
