import { spawn } from 'node:child_process'
import type { Clock } from './clock.ts'

/** A service's reports to systemd (sd_notify(3)); they do nothing without systemd. */
export interface ServiceManager {
  /** To be called after each round of the service's loop: reports ready the first time, and then alive. Cheap. */
  alive(): void
}

/**
 * Uses systemd-notify, because Node has no datagram sockets for unix paths; the unit needs `NotifyAccess=all`. Feeds the watchdog
 * four times in the unit's WatchdogSec.
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
      // systemd itself notices a missing report, so an error here is not reported elsewhere.
      spawn('systemd-notify', [message], { env, stdio: 'ignore' }).on('error', () => undefined)
    },
  }
}
