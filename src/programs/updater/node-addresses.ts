import type { Clock } from '../../adapters/system/clock.ts'
import { addressOf } from '../../core/domain/endpoint.ts'
import type { NetworkEffects } from './effects.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'

/** The addresses of the nodes that endpoints name ("nothing unvalidated reaches nginx", docs/design/rules.md). */
export interface NodeAddresses {
  /** Undefined while they are not known. */
  of(node: string): readonly string[] | undefined
  /**
   * Looks up, in the background, unknown nodes, and nodes whose known addresses do not include that of one of their endpoints: the
   * node may have a new address.
   */
  look(observed: ObservedEndpoints): void
}

/** The least time between two queries to the name service, because an endpoint with a wrong node may stay for days. */
const AGAIN_MS = 60_000

export function createNodeAddresses(options: {
  readonly network: Pick<NetworkEffects, 'resolve'>
  readonly clock: Clock
  /** Called when there are new addresses. */
  readonly wake: () => void
}): NodeAddresses {
  const { network, clock, wake } = options
  const known = new Map<string, { readonly addresses: readonly string[]; readonly at: number }>()
  const asking = new Set<string>()

  return {
    of: node => known.get(node)?.addresses,
    look(observed) {
      const endpoints = [...observed.values()].map(({ endpoint }) => endpoint)
      const nodes = new Set(endpoints.map(({ job }) => job.node))
      for (const node of known.keys()) if (!nodes.has(node)) known.delete(node)
      const wantedOf = (node: string) =>
        endpoints.filter(({ job }) => job.node === node).flatMap(one => addressOf(one)?.address ?? [])
      for (const endpoint of endpoints) {
        const at = addressOf(endpoint)
        const before = known.get(endpoint.job.node)
        const fits = at === undefined || before?.addresses.includes(at.address)
        const isDue = before === undefined || (!fits && clock.now() - before.at >= AGAIN_MS)
        if (isDue && !asking.has(endpoint.job.node)) void ask(endpoint.job.node, wantedOf(endpoint.job.node))
      }
    },
  }

  /** An unknown name is looked up again with the next scan; a wake-up for it would cause a loop. */
  async function ask(node: string, wanted: readonly string[]): Promise<void> {
    asking.add(node)
    const addresses = await network.resolve(node, wanted).catch(() => undefined)
    asking.delete(node)
    if (addresses === undefined) return
    known.set(node, { addresses, at: clock.now() })
    wake()
  }
}
