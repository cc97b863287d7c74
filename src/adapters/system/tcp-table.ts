import { readFile } from 'node:fs/promises'
import { endianness } from 'node:os'
import { canonicalIpv6 } from '../../core/domain/listen-address.ts'

/** An established TCP connection in the kernel's table; ports in host order. */
export interface Connection {
  readonly localPort: number
  /** `address:port` of the other end; an IPv6 one has no brackets. */
  readonly remote: string
}

/**
 * Rows of /proc/net/tcp or tcp6 (proc(5)) in state ESTABLISHED. Half-closed ones do not count, because their client has gone.
 */
export function parseEstablished(table: string): Connection[] {
  const connections: Connection[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local, remote, state] = line.trim().split(/\s+/)
    if (state !== ESTABLISHED || local === undefined || remote === undefined) continue
    connections.push({ localPort: portOf(local), remote: `${addressOf(remote)}:${portOf(remote)}` })
  }
  return connections
}

/** A listening socket with its inode, which identifies it among a process's descriptors. */
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

/**
 * Established connections of other processes to `port` on this node. `own` are the ends of our clients, with addresses, because
 * clients on other machines may have the same ports.
 */
export function countForeign(connections: readonly Connection[], port: number, own: ReadonlySet<string>): number {
  return connections.filter(one => one.localPort === port && !own.has(one.remote)).length
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

// ::ffff:0:0/96, RFC 4291.
const MAPPED = Buffer.from(`${'00'.repeat(10)}ffff`, 'hex')

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}

/** The kernel prints every four bytes as a number in the machine's byte order. IPv4 addresses in tcp6 are returned as IPv4. */
function addressOf(local: string): string {
  const words = (local.slice(0, local.lastIndexOf(':')).match(/.{8}/g) ?? []).map(word => Buffer.from(word, 'hex'))
  const bytes = Buffer.concat(words.map(word => (endianness() === 'LE' ? word.reverse() : word)))
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.subarray(0, 12).equals(MAPPED)) return bytes.subarray(12).join('.')
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return canonicalIpv6(groups.join(':')) ?? groups.join(':')
}

function whenAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
