import type { ObservedEndpoints } from './observed-endpoints.ts'

/** Load times of engines that this updater has observed from the beginning. */
export interface Loads {
  note(observed: ObservedEndpoints, now: number): void
  /** The duration of the tier's last observed load, milliseconds; undefined: none was observed. */
  lastMs(tier: string): number | undefined
}

export function createLoads(): Loads {
  /** By endpoint. */
  let began = new Map<string, number>()
  /** By tier. */
  const took = new Map<string, number>()
  return {
    note(observed, now) {
      const still = new Map<string, number>()
      for (const [id, { endpoint, firstObservedAt }] of observed) {
        const since = began.get(id)
        if (endpoint.state === 'starting' || endpoint.state === 'loading') still.set(id, since ?? firstObservedAt)
        else if (endpoint.state === 'ready' && since !== undefined) took.set(endpoint.tier, now - since)
      }
      began = still
    },
    lastMs: tier => took.get(tier),
  }
}
