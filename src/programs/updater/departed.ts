import { renewLease } from '../../core/domain/lease.ts'
import type { ObservedEndpoints, Watched } from './observed-endpoints.ts'

/**
 * Endpoints whose files are gone. Most have ended, and so have their streams. But if Slurm gives up a vanished node before we do,
 * the job's next run removes the endpoint file, and nginx waits for an answer that never comes. So such endpoints are remembered
 * until it is clear that no beat comes and no port connects.
 */
export function rememberDeparted(
  departed: ObservedEndpoints,
  { before, now, watched, leaseMs }: Readonly<Record<'before' | 'now', ObservedEndpoints>> & Departure,
): ObservedEndpoints {
  const gone = [...departed, ...before].filter(([id]) => !now.has(id))
  const known = gone.map(([id, one]) => {
    if (watched === undefined) return [id, one] as const
    return [id, { ...one, lease: renewLease(one.lease, undefined, watched.sinceLastMs, watched.longestMs) }] as const
  })
  return new Map(known.filter(([, one]) => one.lease.stillMs < LEASES * leaseMs))
}

interface Departure {
  /** The leases that `see` returns. */
  readonly watched: Watched | undefined
  readonly leaseMs: number
}

/** In leases: one until its port is tried, and two for tries. */
const LEASES = 3
