import { inNetworks, LOOPBACK } from '../../core/domain/address.ts'
import { type NodeNaming, namesOfNode } from '../../core/domain/node-names.ts'
import { ownAddresses, resolveHost } from '../system/network.ts'
import type { Slurm } from './slurm.ts'

export interface NodeSources {
  readonly naming: NodeNaming
  /** Empty: there is no such name; undefined: not known now. */
  readonly resolve: (name: string) => Promise<readonly string[] | undefined>
  /** Slurm's NodeAddr, a name or an address; undefined: not known now. */
  readonly slurmAddress: (node: string) => Promise<string | undefined>
  /** Of this machine. */
  readonly ownAddresses: () => readonly string[]
}

/** The name service of this machine, the names of the configuration, and Slurm. */
export function nodeSources(naming: NodeNaming, slurm: Slurm | undefined, signal: AbortSignal): NodeSources {
  return {
    naming,
    resolve: resolveHost,
    slurmAddress: async node => {
      const answer = await slurm?.nodeAddress(node, signal)
      return answer?.kind === 'answered' ? answer.value : undefined
    },
    ownAddresses,
  }
}

/**
 * A node's addresses from the site's own sources: its names as this machine resolves them, and Slurm's NodeAddr. A job's own claim
 * does not count ("nothing unvalidated reaches nginx", docs/design/rules.md). A node that is this machine has all of this
 * machine's addresses, because its own name often resolves to loopback.
 *
 * Slurm is asked only if the names do not resolve to all `wanted` addresses, to spare Slurm at a gateway with a thousand nodes.
 * Undefined while some are missing and a source has not answered, and if there are no addresses at all.
 */
export async function lookUpNode(
  node: string,
  wanted: readonly string[],
  { naming, resolve, slurmAddress, ownAddresses }: NodeSources,
): Promise<readonly string[] | undefined> {
  const names = namesOfNode(node, naming)
  const named = await Promise.all(names.map(resolve))
  const known = withOwn(named.flatMap(one => one ?? []))
  if (known.length > 0 && wanted.every(address => known.includes(address))) return known
  const fromSlurm = await slurmAddress(node)
  const resolved = fromSlurm === undefined ? undefined : names.includes(fromSlurm) ? [] : await resolve(fromSlurm)
  const all = withOwn([...known, ...(resolved ?? [])])
  const isWhole = [...named, resolved].every(one => one !== undefined)
  return all.length > 0 && (isWhole || wanted.every(address => all.includes(address))) ? all : undefined

  function withOwn(addresses: readonly string[]): readonly string[] {
    const own = ownAddresses()
    const isHere = (address: string) => own.includes(address) || inNetworks(address, [LOOPBACK])
    const others = addresses.filter(address => !inNetworks(address, [LOOPBACK]))
    const ours = addresses.some(isHere) ? own.filter(address => !inNetworks(address, [LOOPBACK])) : []
    return [...new Set([...others, ...ours])]
  }
}
