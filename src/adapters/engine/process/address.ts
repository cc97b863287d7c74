import { createServer } from 'node:net'
import { inNetworks, LOOPBACK } from '../../../core/domain/address.ts'
import { namesOfNode } from '../../../core/domain/node-names.ts'
import type { ReplicaSpec } from '../../../core/domain/replica-spec.ts'
import { ownIpv4, resolveHost } from '../../system/network.ts'

/**
 * This node's IPv4 addresses in the gateway's networks, in their order. Of the internal ones only loopback, where a network
 * names it: without Slurm it is all there is, with Slurm no gateway reaches it.
 */
export function addressesIn(networks: readonly string[]): string[] {
  const own = ownIpv4().filter(one => !one.internal || inNetworks(one.address, [LOOPBACK]))
  return inOrderOf(
    networks,
    own.map(one => one.address),
  )
}

/** Those of `addresses` that lie in a network, each once: the first network's come first. */
export function inOrderOf(networks: readonly string[], addresses: readonly string[]): string[] {
  return [...new Set(networks.flatMap(network => addresses.filter(address => inNetworks(address, [network]))))]
}

/** Where an engine of this node listens; undefined: this node has no address in the networks. */
export async function listenAt(
  spec: Pick<ReplicaSpec, 'networks' | 'nodeSuffix' | 'nodeNames'>,
  node: string,
): Promise<string | undefined> {
  const own = addressesIn(spec.networks)
  if (own.length < 2) return own[0]
  const named = await Promise.all(namesOfNode(node, spec).map(resolveHost))
  return preferNamed(
    own,
    named.flatMap(one => one ?? []),
  )
}

/**
 * The first of a node's addresses to which one of its names leads, because the gateway takes no job's word for whose an
 * address is; the first of all where the names lead to none of them.
 */
export function preferNamed(own: readonly string[], named: readonly string[]): string | undefined {
  return own.find(address => named.includes(address)) ?? own[0]
}

/**
 * A port on `address` that nobody listens on now: `wanted` if it is given, else one that the kernel picks. Somebody may take
 * it before the engine does; then the engine exits, and its next start asks anew.
 *
 * @throws when `wanted` is in use.
 */
export function freePort(address: string, wanted?: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`Cannot use port ${wanted ?? 'any'} of ${address}: ${error.code}`, { cause: error })),
    )
    server.listen({ host: address, port: wanted ?? 0 }, () => {
      const bound = server.address()
      server.close(() =>
        typeof bound === 'object' && bound !== null ? resolve(bound.port) : reject(new Error('Cannot bind')),
      )
    })
  })
}
