import type { Clock } from '../../adapters/system/clock.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { NetworkEffects } from './effects.ts'

/**
 * Hosts that nginx cannot reach although their beats move, because the share may be on another network. After a pulled cable,
 * streams would be silent for minutes. Each host is tried twice in a lease. It is unreachable when its kernel has not answered
 * for a whole lease, not even by refusing.
 */
export interface Unreachable {
  /** Tries, in the background, the hosts that nginx may reach and that are due for a try. */
  look(model: GatewayModel): void
  has(address: string): boolean
}

/** A host that no route has named for this long is no longer tried: it may have gone for good, and its streams have ended. */
const FORGOTTEN_MS = 600_000

/** The pause between two tries; a try without an answer takes some seconds more. */
const AGAIN_MS = 2_000

export function createUnreachable(options: {
  readonly network: Pick<NetworkEffects, 'answers'>
  readonly leaseMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called when a host becomes unreachable, and when it is reachable again. */
  readonly wake: () => void
}): Unreachable {
  const { network, leaseMs, clock, signal, wake } = options
  const watched = new Set<string>()
  const unreachable = new Set<string>()
  const namedAt = new Map<string, number>()
  let dueAt = Number.NEGATIVE_INFINITY

  return {
    has: address => unreachable.has(address),
    look(model) {
      const servers = model.tiers.flatMap(tier => tier.servers)
      for (const { address } of servers) namedAt.set(address, clock.now())
      if (network.answers === undefined || signal.aborted || clock.now() < dueAt) return
      dueAt = clock.now() + leaseMs / 2
      for (const { address, port } of servers) {
        if (watched.has(address)) continue
        watched.add(address)
        void watch(address, port, network.answers).catch(() => undefined) // the signal has aborted
      }
    },
  }

  async function watch(address: string, port: number, answers: (address: string, port: number) => Promise<boolean>) {
    const since = clock.now()
    // A host that cannot be tried is not known to be unreachable, and no stream is ended ("unknown is not none", docs/design/rules.md).
    while (!signal.aborted && !(await answers(address, port).catch(() => true))) {
      if (clock.now() - since >= leaseMs && !unreachable.has(address)) {
        unreachable.add(address)
        wake()
      }
      if (clock.now() - (namedAt.get(address) ?? since) >= FORGOTTEN_MS) break
      await clock.sleep(AGAIN_MS, signal)
    }
    namedAt.delete(address)
    watched.delete(address)
    if (unreachable.delete(address)) wake()
  }
}
