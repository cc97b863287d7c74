import type { Beat } from '../../core/domain/beat.ts'
import { type Endpoint, replicaOf } from '../../core/domain/endpoint.ts'
import { FRESH_LEASE, type Lease, renewLease } from '../../core/domain/lease.ts'

/** An endpoint as this updater has observed it. Times are milliseconds of the loop's clock. */
export interface ObservedEndpoint {
  readonly endpoint: Endpoint
  /** A poll that started before this does not count for the id ("who may be routed", docs/design/rules.md). */
  readonly firstObservedAt: number
  readonly lease: Lease
}

/** By id. */
export type ObservedEndpoints = ReadonlyMap<string, ObservedEndpoint>

/** The time since the last reading of the beats, and the limit beyond which that time does not count as observed. */
export interface Watched {
  readonly sinceLastMs: number
  readonly longestMs: number
}

/**
 * Adds a successful scan to the observed endpoints; ids whose files are gone are forgotten. `watched` undefined: the scan did not
 * read the beats, and every lease stays as it is.
 */
export function observeEndpoints(
  known: ObservedEndpoints,
  scan: { readonly endpoints: readonly Endpoint[]; readonly beats: ReadonlyMap<string, Beat> },
  now: number,
  watched: Watched | undefined,
): ObservedEndpoints {
  return new Map(
    scan.endpoints.map(endpoint => {
      const before = known.get(endpoint.id)
      if (before !== undefined && watched === undefined) return [endpoint.id, { ...before, endpoint }]
      const beat = scan.beats.get(replicaOf(endpoint.id))?.beat
      const lease =
        before === undefined || watched === undefined
          ? { ...FRESH_LEASE, beat }
          : renewLease(before.lease, beat, watched.sinceLastMs, watched.longestMs)
      return [endpoint.id, { endpoint, firstObservedAt: before?.firstObservedAt ?? now, lease }]
    }),
  )
}
