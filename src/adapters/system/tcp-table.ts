import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { codeOf } from '../../core/domain/caught.ts'
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
  return tcpRows(table)
    .filter(one => one.state === ESTABLISHED)
    .map(({ local, remote }) => ({ localPort: portOf(local), remote: `${addressOf(remote)}:${portOf(remote)}` }))
}

/** A listening socket with its inode, which identifies it among a process's descriptors. */
export interface ListeningSocket {
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** Rows of /proc/net/tcp or tcp6 (proc(5)) in state LISTEN. */
export function parseListening(table: string): ListeningSocket[] {
  return tcpRows(table)
    .filter(one => one.state === LISTEN)
    .map(({ local, inode }) => ({ address: addressOf(local), port: portOf(local), inode }))
}

/** IPv4. */
export interface RemoteEnd {
  readonly address: string
  readonly port: number
}

/** The inodes of the rows of /proc/net/tcp (proc(5)) whose remote end is one of these. */
export function inodesTo(table: string, ends: readonly RemoteEnd[]): Set<string> {
  const wanted = new Set(ends.map(asPrinted))
  const rows = tcpRows(table).filter(({ remote, inode }) => wanted.has(remote) && inode !== '0')
  return new Set(rows.map(one => one.inode))
}

/**
 * Established connections of other processes to `port` on this node. `own` are the ends of our clients, with addresses, because
 * clients on other machines may have the same ports.
 */
export function countForeign(connections: readonly Connection[], port: number, own: ReadonlySet<string>): number {
  return connections.filter(one => one.localPort === port && !own.has(one.remote)).length
}

/** The tables of this network namespace. Synchronous: /proc is memory. */
export function readTcpTables(): readonly string[] {
  return ['tcp', 'tcp6'].map(name => {
    try {
      return readFileSync(`/proc/net/${name}`, 'latin1')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return '' // IPv6 is off
      throw error
    }
  })
}

/** A row as the kernel prints it. */
interface TcpRow {
  readonly local: string
  readonly remote: string
  readonly state: string
  readonly inode: string
}

function tcpRows(table: string): TcpRow[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/)
      if (local === undefined || remote === undefined || state === undefined || inode === undefined) return []
      return [{ local, remote, state, inode }]
    })
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

/** Of an IPv4 end. */
function asPrinted({ address, port }: RemoteEnd): string {
  const bytes = address.split('.').map(Number)
  const ordered = endianness() === 'LE' ? bytes.toReversed() : bytes
  return `${ordered.map(byte => hex(byte, 2)).join('')}:${hex(port, 4)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
