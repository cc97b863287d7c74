import type { Clock } from '../../adapters/system/clock.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { NetworkEffects } from './effects.ts'

/**
 * Hosts that nginx cannot reach while their beats go on, since the share may be on another network: a cable that was pulled
 * leaves streams silent for minutes. Each is asked twice in a lease, and is unreachable when its kernel has said nothing, not
 * even that a port is closed, for as long as a lease.
 */
export interface Unreachable {
  /** Asks, in the background, the hosts that nginx may reach, where that is due. */
  look(model: GatewayModel): void
  has(address: string): boolean
}

/** One that no route has named for so long is asked no more: it may have gone for good, and its streams have ended. */
const FORGOTTEN_MS = 600_000

/** Between two looks; each takes some seconds more where nothing answers. */
const AGAIN_MS = 2_000

export function createUnreachable(options: {
  readonly network: Pick<NetworkEffects, 'answers'>
  readonly leaseMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called when a host is unreachable, and when it is not any more. */
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
    // What cannot be tried is not known, and ends nothing ("unknown is not none", docs/design/rules.md).
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
