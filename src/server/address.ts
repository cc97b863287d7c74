import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { inNetworks, LOOPBACK } from '../domain/address.ts'

/**
 * This node's IPv4 addresses in the gateway's networks, in the system's order. Of the internal ones only loopback, where a
 * network names it: without Slurm it is all there is, with Slurm no gateway reaches it.
 */
export function addressesIn(networks: readonly string[]): string[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(one => one.family === 'IPv4' && inNetworks(one.address, networks))
    .filter(one => !one.internal || inNetworks(one.address, [LOOPBACK]))
    .map(one => one.address)
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
