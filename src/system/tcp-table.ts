import { readFile } from 'node:fs/promises'
import { endianness } from 'node:os'
import { canonicalIpv6 } from '../domain/listen-address.ts'

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

/** A socket that listens, with its inode, by which its process has it. */
export interface ListeningSocket {
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** Rows of /proc/net/tcp or tcp6 (proc(5)) in state LISTEN. */
export function parseListening(table: string): ListeningSocket[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state !== LISTEN || local === undefined || inode === undefined) return []
      return [{ address: addressOf(local), port: portOf(local), inode }]
    })
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

// include/net/tcp_states.h
const ESTABLISHED = '01'
const LISTEN = '0A'

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}

/** The kernel prints each four bytes as the number that they are in memory. */
function addressOf(local: string): string {
  const words = (local.slice(0, local.lastIndexOf(':')).match(/.{8}/g) ?? []).map(word => Buffer.from(word, 'hex'))
  const bytes = Buffer.concat(words.map(word => (endianness() === 'LE' ? word.reverse() : word)))
  if (bytes.length === 4) return bytes.join('.')
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return canonicalIpv6(groups.join(':')) ?? groups.join(':')
}

function whenAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
