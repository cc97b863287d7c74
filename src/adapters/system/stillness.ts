import { FRESH_LEASE, type Lease, renewLease } from '../../core/domain/lease.ts'
import type { Clock } from './clock.ts'

/** How long this process has seen counters stand still. */
export interface Stillness {
  /** Milliseconds by name; a new counter is left out. */
  see(counters: readonly (readonly [string, number | undefined])[]): ReadonlyMap<string, number>
}

/**
 * Time before a look that is more than `lateMs` late does not count as observed ("no foreign clocks", docs/design/rules.md).
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
