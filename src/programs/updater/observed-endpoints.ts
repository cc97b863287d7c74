import type { Beat } from '../../core/domain/beat.ts'
import { type Endpoint, replicaOf } from '../../core/domain/endpoint.ts'
import { FRESH_LEASE, type Lease, renewLease } from '../../core/domain/lease.ts'

/** An endpoint as this updater has come to know it. Times are milliseconds of the loop's clock. */
export interface ObservedEndpoint {
  readonly endpoint: Endpoint
  /** A poll that started before this says nothing about the id ("who may be routed", docs/design/rules.md). */
  readonly firstObservedAt: number
  readonly lease: Lease
}

/** By id. */
export type ObservedEndpoints = ReadonlyMap<string, ObservedEndpoint>

/** How the beats were watched: the time since they were read before, and beyond what that was no watching. */
export interface Watched {
  readonly sinceLastMs: number
  readonly longestMs: number
}

/**
 * What a successful scan adds to what was known; ids whose files are gone are forgotten. `watched` undefined: the scan left
 * the beats alone, and every lease stays as it is.
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
