/**
 * How long a beat has stood still, as far as this reader can know: only time between two successful scans counts
 * ("no foreign clocks", docs/design/rules.md), so nothing has expired after a stall of the filesystem or of the reader
 * itself.
 */
export interface Lease {
  readonly beat: number | undefined
  /** Time that was seen to pass without the beat moving, milliseconds. */
  readonly stillMs: number
}

/** A lease as it begins: an endpoint that is new to us has the whole lease before it. */
export const FRESH_LEASE: Lease = { beat: undefined, stillMs: 0 }

/**
 * After a successful scan that found `beat` (undefined: no beat could be read), `sinceLastMs` after the scan before it.
 * A pause longer than `longestMs` was no watching: it does not count at all.
 */
export function renewLease(lease: Lease, beat: number | undefined, sinceLastMs: number, longestMs: number): Lease {
  if (beat !== undefined && beat !== lease.beat) return { beat, stillMs: 0 }
  return sinceLastMs > longestMs ? lease : { beat: lease.beat, stillMs: lease.stillMs + sinceLastMs }
}
