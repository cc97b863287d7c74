import type { SeenMap } from './seen.ts'
import type { Standing } from './standing.ts'

/**
 * An endpoint whose health alone is bad gives its requests to others, where its tier has any that are well: its answers
 * may be right all the same, so it is never withdrawn as the last one ("processes decide health",
 * docs/design/rules.md). One that is aside takes no requests that another can have, so it is not there for those.
 */
export function spareUnwell(
  seen: SeenMap,
  standings: ReadonlyMap<string, Standing>,
  isAside: (id: string) => boolean,
): ReadonlyMap<string, Standing> {
  const isUnwell = (id: string) => seen.get(id)?.endpoint.unwell === true
  const wellTiers = new Set<string | undefined>()
  for (const [id, standing] of standings) {
    if (standing.routed && !standing.suspect && !isUnwell(id) && !isAside(id))
      wellTiers.add(seen.get(id)?.endpoint.tier)
  }
  return new Map(
    [...standings].map(([id, standing]) => {
      const endpoint = seen.get(id)?.endpoint
      if (!standing.routed || endpoint?.unwell !== true || !wellTiers.has(endpoint.tier)) return [id, standing]
      return [id, { routed: false, reason: endpoint.message ?? 'Unwell' }]
    }),
  )
}
