import { type GatewayRoutes, isUnderstood, names } from '../../core/domain/routes-file.ts'
import type { Holder } from './drain.ts'

/** What the gateways' files show about one endpoint. */
export interface Held {
  /** The gateways that may send requests to it. */
  readonly by: readonly Holder[]
  /** The beats of the gateways that name it, as an input of the next look. */
  readonly beats: ReadonlyMap<string, number>
  /** One of them has beaten since the last look: it lives, and will drop the id. */
  readonly byLiving: boolean
}

/** A file that cannot be understood may name the endpoint, and shows no beat. */
export function seeHolders(
  id: string,
  gateways: ReadonlyMap<string, GatewayRoutes>,
  beatsBefore: ReadonlyMap<string, number>,
): Held {
  const by: Holder[] = []
  const beats = new Map<string, number>()
  for (const [gateway, routes] of gateways) {
    if (!isUnderstood(routes)) by.push({ gateway, problem: routes.problem })
    else if (names(routes, id)) {
      by.push({ gateway })
      beats.set(gateway, routes.beat)
    }
  }
  const hasMoved = ([gateway, beat]: [string, number]) => (beatsBefore.get(gateway) ?? beat) !== beat
  return { by, beats, byLiving: [...beats].some(hasMoved) }
}
