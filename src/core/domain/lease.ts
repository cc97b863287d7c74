/**
 * How long this reader has seen a beat stand still. Only time between two successful scans counts
 * ("no foreign clocks", docs/design/rules.md), so a stall of the filesystem or of the reader itself expires no lease.
 */
export interface Lease {
  readonly beat: number | undefined
  /** Observed time without a change of the beat, milliseconds. */
  readonly stillMs: number
}

/** A lease at its beginning: a new endpoint has the whole lease. */
export const FRESH_LEASE: Lease = { beat: undefined, stillMs: 0 }

/**
 * The lease after a successful scan that found `beat` (undefined: it could not be read), `sinceLastMs` after the scan before it.
 * A pause longer than `longestMs` does not count at all, because nothing was observed in it.
 */
export function renewLease(lease: Lease, beat: number | undefined, sinceLastMs: number, longestMs: number): Lease {
  if (beat !== undefined && beat !== lease.beat) return { beat, stillMs: 0 }
  return sinceLastMs > longestMs ? lease : { beat: lease.beat, stillMs: lease.stillMs + sinceLastMs }
}
