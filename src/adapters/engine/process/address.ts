import { createServer } from 'node:net'
import { inNetworks, LOOPBACK } from '../../../core/domain/address.ts'
import { namesOfNode } from '../../../core/domain/node-names.ts'
import type { ReplicaSpec } from '../../../core/domain/replica-spec.ts'
import { ownIpv4, resolveHost } from '../../system/network.ts'

/**
 * This node's IPv4 addresses in the gateway's networks, in the networks' order. Loopback counts only if a network names it, as
 * without Slurm; with Slurm a gateway cannot reach it.
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

/** The address of an engine on this node; undefined: this node has no address in the networks. */
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
 * The first of a node's addresses to which one of its names resolves, because the gateway does not trust a job's own claim. If the
 * names resolve to none of them, the first of all.
 */
export function preferNamed(own: readonly string[], named: readonly string[]): string | undefined {
  return own.find(address => named.includes(address)) ?? own[0]
}

/**
 * A free port on `address`: `wanted` if it is given, else one that the kernel chooses. If another process takes it before the
 * engine does, the engine exits, and its next start chooses again.
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
