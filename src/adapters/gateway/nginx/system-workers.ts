import { isSameListen, type ListenAddress } from '../../../core/domain/listen-address.ts'
import type { Clock } from '../../system/clock.ts'
import { listenersOf } from '../render/listeners.ts'
import { findAnyNginx, isAccepting, type NginxProcess } from './nginx-processes.ts'

/** Workers of the master, and those of a master that was killed or upgraded (USR2, nginx(8)) and still has our ports. */
export function acceptingBeside(master: NginxProcess, listens: readonly ListenAddress[]): NginxProcess[] {
  return findAnyNginx()
    .filter(isAccepting)
    .filter(one => one.parent === master.pid || listensOnAny(one, listens))
}

export function listensOnAny({ pid }: NginxProcess, listens: readonly ListenAddress[]): boolean {
  return listenersOf(pid).some(one => listens.some(at => isSameListen(at, one)))
}

/** Equal for the same set of processes. */
export function identitiesOf(processes: readonly NginxProcess[]): string {
  return processes.map(one => `${one.pid}/${one.startTime}`).join()
}

/**
 * The masters' workers come and go with any reload of the site, in numbers that we do not know. But nginx signals its old
 * workers to leave in one loop: one that was restarted meanwhile gets its signal within moments of those that we know, so a
 * set that stays the same contains no such worker.
 */
export function isSteady(master: NginxProcess, clock: Clock): () => boolean {
  let seen: string | undefined
  let since = 0
  return () => {
    const now = identitiesOf(findAnyNginx().filter(one => isAccepting(one) && one.parent === master.pid))
    if (now !== seen) since = clock.now()
    seen = now
    return now !== '' && clock.now() - since >= STEADY_MS
  }
}

// Workers answer a signal between two events.
const STEADY_MS = 50
