import type { Beat } from '../domain/beat.ts'
import { type Endpoint, replicaOf } from '../domain/endpoint.ts'
import { FRESH_LEASE, type Lease, renewLease } from '../domain/lease.ts'

/** An endpoint as this updater has come to know it. Times are milliseconds of the loop's clock. */
export interface Seen {
  readonly endpoint: Endpoint
  /** A poll that started before this says nothing about the id (rule 2). */
  readonly firstSeenAt: number
  readonly lease: Lease
}

/** By id. */
export type SeenMap = ReadonlyMap<string, Seen>

/** What a successful scan adds to what was known; ids whose files are gone are forgotten. */
export function see(
  known: SeenMap,
  scan: { readonly endpoints: readonly Endpoint[]; readonly beats: ReadonlyMap<string, Beat> },
  time: { readonly now: number; readonly sinceLastMs: number; readonly longestMs: number },
): SeenMap {
  return new Map(
    scan.endpoints.map(endpoint => {
      const before = known.get(endpoint.id)
      const beat = scan.beats.get(replicaOf(endpoint.id))?.beat
      const lease =
        before === undefined
          ? { ...FRESH_LEASE, beat }
          : renewLease(before.lease, beat, time.sinceLastMs, time.longestMs)
      return [endpoint.id, { endpoint, firstSeenAt: before?.firstSeenAt ?? time.now, lease }]
    }),
  )
}
