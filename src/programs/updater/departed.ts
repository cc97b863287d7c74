import { renewLease } from '../../core/domain/lease.ts'
import type { ObservedEndpoints, Watched } from './observed-endpoints.ts'

/**
 * Endpoints whose files are gone. Most have ended, and so have their streams. But where Slurm gives up a node before we do, the
 * next run of the job removes the file of one whose host has vanished, and nginx waits for what that one will never send. So
 * they are remembered for as long as it takes to see that no beat comes and no port connects.
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
  /** As `see` has it. */
  readonly watched: Watched | undefined
  readonly leaseMs: number
}

/** One until its port is tried, and two for trying. */
const LEASES = 3
