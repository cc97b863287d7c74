import { inNetworks, LOOPBACK } from '../../core/domain/address.ts'
import { type NodeNaming, namesOfNode } from '../../core/domain/node-names.ts'
import { ownAddresses, resolveHost } from '../system/network.ts'
import type { Slurm } from './slurm.ts'

export interface NodeSources {
  readonly naming: NodeNaming
  /** Empty: there is no such name; undefined: it cannot be found out now. */
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
 * The addresses that a node has by the word of whoever runs the site: its names, here, and Slurm's NodeAddr. What a job says
 * of itself counts for nothing ("nothing unvalidated reaches nginx", docs/design/rules.md). A node that is this machine
 * has all of this machine's: its own name leads to loopback on many.
 *
 * Slurm is asked only where the names do not give all that is `wanted`, so that a gateway of a thousand nodes does not.
 * Undefined while that is missing and somebody who may know of it has not answered, and where nobody knows any.
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
  const said = await slurmAddress(node)
  const resolved = said === undefined ? undefined : names.includes(said) ? [] : await resolve(said)
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
