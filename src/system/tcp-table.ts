import { readFile } from 'node:fs/promises'

/** An established TCP connection as the kernel lists it; ports in host order. */
export interface Connection {
  readonly localPort: number
  readonly remotePort: number
}

/**
 * Rows of /proc/net/tcp or tcp6 (proc(5)) in state ESTABLISHED. Half-closed ones do not count: their client has left.
 */
export function parseEstablished(table: string): Connection[] {
  const connections: Connection[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local, remote, state] = line.trim().split(/\s+/)
    if (state !== ESTABLISHED || local === undefined || remote === undefined) continue
    connections.push({ localPort: portOf(local), remotePort: portOf(remote) })
  }
  return connections
}

/** Established connections that some other process holds to `port` on this node; `ownPorts` are our clients' ports. */
export function countForeign(connections: readonly Connection[], port: number, ownPorts: ReadonlySet<number>): number {
  return connections.filter(one => one.localPort === port && !ownPorts.has(one.remotePort)).length
}

/** Both tables of this network namespace; tcp6 is absent where IPv6 is off. */
export async function readEstablished(): Promise<Connection[]> {
  const tables = await Promise.all([
    readFile('/proc/net/tcp', 'latin1'),
    readFile('/proc/net/tcp6', 'latin1').catch(whenAbsent),
  ])
  return tables.flatMap(parseEstablished)
}

const ESTABLISHED = '01' // include/net/tcp_states.h

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}

function whenAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
