import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Routability } from './routability.ts'

/**
 * An endpoint with bad health becomes a backup if its tier has well ones. Its answers may still be right, so it is never withdrawn
 * as the last one ("processes decide health", docs/design/rules.md). An endpoint that is set aside does not count as a well one.
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
