import type { Clock } from '../../adapters/system/clock.ts'
import { addressOf, type Endpoint } from '../../core/domain/endpoint.ts'
import type { NetworkEffects } from './effects.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Routability } from './routability.ts'

/**
 * Endpoints whose beat stands still, and whether their ports accept connections ("no foreign clocks",
 * docs/design/rules.md).
 */
export interface Suspects {
  /** The result of the last try at its port; undefined before a try, and when its beat moves again. */
  connects(id: string): boolean | undefined
  /** Tries, in the background, the port of each suspect that is due for a try. */
  look(observed: ObservedEndpoints, routabilities: ReadonlyMap<string, Routability>): void
}

interface Tried {
  readonly connects: boolean | undefined
  readonly at: number
  readonly asking: boolean
}

/** A suspect that accepted a connection is tried again after this share of the lease. */
const AGAIN = 0.5

export function createSuspects(options: {
  readonly network: Pick<NetworkEffects, 'connects'>
  readonly leaseMs: number
  /** Whether nginx may reach it, also from before our start. */
  readonly reaches: (id: string) => boolean
  readonly clock: Clock
  /** Called after a try. */
  readonly wake: () => void
}): Suspects {
  const { network, leaseMs, reaches, clock, wake } = options
  const tried = new Map<string, Tried>()
  /** Endpoints that nginx has reached: it may have streams to them even after their withdrawal. */
  const reached = new Set<string>()

  const connects = (id: string) => tried.get(id)?.connects

  return {
    connects,
    look(observed, routabilities) {
      for (const id of tried.keys()) if ((observed.get(id)?.lease.stillMs ?? 0) < leaseMs) tried.delete(id)
      for (const id of reached) if (!observed.has(id)) reached.delete(id)
      for (const [id, { endpoint, lease }] of observed) {
        if (routabilities.get(id)?.routed === true || reaches(id)) reached.add(id)
        if (lease.stillMs < leaseMs || !reached.has(id)) continue
        if (endpoint.state !== 'ready' && endpoint.state !== 'draining') continue
        const known = tried.get(id)
        // An endpoint that was withdrawn because of its port is still tried: it may come back.
        if (known?.asking === true) continue
        if (known !== undefined && clock.now() - known.at < AGAIN * leaseMs) continue
        void tryPort(endpoint)
      }
    },
  }

  async function tryPort(endpoint: Endpoint): Promise<void> {
    const at = addressOf(endpoint)
    if (at === undefined) return
    // The last result counts meanwhile; otherwise a hanging port would be routed during each try.
    const before = tried.get(endpoint.id)
    tried.set(endpoint.id, { connects: before?.connects, at: clock.now(), asking: true })
    const found = await network.connects(at.address, at.port).catch(() => before?.connects)
    tried.set(endpoint.id, { connects: found, at: clock.now(), asking: false })
    wake()
  }
}
