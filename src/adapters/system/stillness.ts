import { FRESH_LEASE, type Lease, renewLease } from '../../core/domain/lease.ts'
import type { Clock } from './clock.ts'

/** For how long counters stand still, as far as this process saw it. */
export interface Stillness {
  /** Milliseconds by name; nothing is said of a counter that is new. */
  see(counters: readonly (readonly [string, number | undefined])[]): ReadonlyMap<string, number>
}

/**
 * A look that comes more than `lateMs` after the one before was no watching ("no foreign clocks",
 * docs/design/rules.md).
 */
export function createStillness(clock: Pick<Clock, 'now'>, lateMs: number): Stillness {
  let leases = new Map<string, Lease>()
  let seenAt: number | undefined
  return {
    see(counters) {
      const now = clock.now()
      const sinceLastMs = seenAt === undefined ? 0 : now - seenAt
      seenAt = now
      const before = leases
      leases = new Map(
        counters.map(([name, beat]) => [
          name,
          renewLease(before.get(name) ?? { ...FRESH_LEASE, beat }, beat, sinceLastMs, lateMs),
        ]),
      )
      return new Map([...leases].filter(([name]) => before.has(name)).map(([name, lease]) => [name, lease.stillMs]))
    },
  }
}
