import { spawn } from 'node:child_process'
import type { Clock } from './clock.ts'

/** What a service tells systemd of itself (sd_notify(3)); nothing where no systemd asked for it. */
export interface ServiceManager {
  /** The service's loop has gone round: the first time it is ready, from then on alive. Costs next to nothing. */
  alive(): void
}

/**
 * Speaks through systemd-notify, since Node has no datagram sockets for unix paths; the unit needs `NotifyAccess=all`. The
 * watchdog is beaten four times in the unit's WatchdogSec.
 */
export function connectServiceManager(env: NodeJS.ProcessEnv, clock: Clock): ServiceManager {
  if (env['NOTIFY_SOCKET'] === undefined) return { alive: () => undefined }
  const everyMs = Number(env['WATCHDOG_USEC'] ?? Number.POSITIVE_INFINITY) / 1_000 / 4
  let reportedAt: number | undefined
  return {
    alive() {
      const now = clock.now()
      if (reportedAt !== undefined && now - reportedAt < everyMs) return
      const message = reportedAt === undefined ? 'READY=1' : 'WATCHDOG=1'
      reportedAt = now
      // systemd itself notices what it is not told: an error here has nobody else to go to.
      spawn('systemd-notify', [message], { env, stdio: 'ignore' }).on('error', () => undefined)
    },
  }
}
