import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Routability } from './routability.ts'

/**
 * An endpoint whose health alone is bad gives its requests to others, where its tier has any that are well: its answers
 * may be right all the same, so it is never withdrawn as the last one ("processes decide health",
 * docs/design/rules.md). One that is aside takes no requests that another can have, so it is not there for those.
 */
export function spareUnwell(
  observed: ObservedEndpoints,
  routabilities: ReadonlyMap<string, Routability>,
  isAside: (id: string) => boolean,
): ReadonlyMap<string, Routability> {
  const isUnwell = (id: string) => observed.get(id)?.endpoint.unwell === true
  const wellTiers = new Set<string | undefined>()
  for (const [id, routability] of routabilities) {
    if (routability.routed && !routability.suspect && !isUnwell(id) && !isAside(id))
      wellTiers.add(observed.get(id)?.endpoint.tier)
  }
  return new Map(
    [...routabilities].map(([id, routability]) => {
      const endpoint = observed.get(id)?.endpoint
      if (!routability.routed || endpoint?.unwell !== true || !wellTiers.has(endpoint.tier)) return [id, routability]
      return [id, { routed: false, reason: endpoint.message ?? 'Unwell' }]
    }),
  )
}
