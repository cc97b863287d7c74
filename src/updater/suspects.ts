import { addressOf, type Endpoint } from '../domain/endpoint.ts'
import type { Clock } from '../system/clock.ts'
import type { NetworkEffects } from './effects.ts'
import type { SeenMap } from './seen.ts'
import type { Standing } from './standing.ts'

/** Endpoints whose beat stands still, and whether their ports take connections (rule 6). */
export interface Suspects {
  /** What trying its port gave; undefined before it was tried, and when its beat moves again. */
  connects(id: string): boolean | undefined
  /** Tries, in the background, the port of each suspect that is due. */
  look(seen: SeenMap, standings: ReadonlyMap<string, Standing>): void
}

/** A suspect that took a connection is tried again after this share of the lease. */
const AGAIN = 0.5

export function createSuspects(options: {
  readonly network: Pick<NetworkEffects, 'connects'>
  readonly leaseMs: number
  /** Whether nginx may reach it, also from before we started. */
  readonly reaches: (id: string) => boolean
  readonly clock: Clock
  /** Called when a port was tried. */
  readonly wake: () => void
}): Suspects {
  const { network, leaseMs, reaches, clock, wake } = options
  const tried = new Map<string, { readonly connects: boolean; readonly at: number } | 'asking'>()
  /** Those that nginx has reached: it may have streams of theirs after their withdrawal too, whatever it was for. */
  const reached = new Set<string>()

  const connects = (id: string) => {
    const known = tried.get(id)
    return known === undefined || known === 'asking' ? undefined : known.connects
  }

  return {
    connects,
    look(seen, standings) {
      for (const id of tried.keys()) if ((seen.get(id)?.lease.stillMs ?? 0) < leaseMs) tried.delete(id)
      for (const id of reached) if (!seen.has(id)) reached.delete(id)
      for (const [id, { endpoint, lease }] of seen) {
        if (standings.get(id)?.routed === true || reaches(id)) reached.add(id)
        if (lease.stillMs < leaseMs || !reached.has(id)) continue
        if (endpoint.state !== 'ready' && endpoint.state !== 'draining') continue
        const known = tried.get(id)
        // One that was withdrawn for its port is tried on: it may come back.
        if (known === 'asking') continue
        if (known !== undefined && clock.now() - known.at < AGAIN * leaseMs) continue
        void tryPort(endpoint)
      }
    },
  }

  async function tryPort(endpoint: Endpoint): Promise<void> {
    const at = addressOf(endpoint)
    if (at === undefined) return
    tried.set(endpoint.id, 'asking')
    const connects = await network.connects(at.address, at.port).catch(() => undefined)
    if (connects === undefined) tried.delete(endpoint.id)
    else tried.set(endpoint.id, { connects, at: clock.now() })
    wake()
  }
}
