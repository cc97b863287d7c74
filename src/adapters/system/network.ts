import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { codeOf } from '../../core/domain/caught.ts'

/**
 * The IPv4 addresses of a host name, its IPv6 ones where it has no others. Empty: there is no such name; undefined: that
 * cannot be found out now.
 */
export async function resolveHost(name: string): Promise<readonly string[] | undefined> {
  for (const family of [4, 6] as const) {
    try {
      return (await lookup(name, { family, all: true })).map(one => one.address)
    } catch (error) {
      if (!ABSENT.has(codeOf(error) ?? '')) return undefined
    }
  }
  return []
}

/** What a resolver says that has answered, and not what one says that could not ask. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EAI_ADDRFAMILY'])

/** Whether the port takes a TCP connection within `timeoutMs`. */
export async function takesConnection(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return (await tryConnection(host, port, timeoutMs)) === 'connected'
}

/** `silence`: nobody has answered within `timeoutMs`, not even to refuse. */
function tryConnection(host: string, port: number, timeoutMs: number): Promise<'connected' | 'refused' | 'silence'> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const end = (how: 'connected' | 'refused' | 'silence') => {
      socket.destroy()
      resolve(how)
    }
    socket
      .once('connect', () => end('connected'))
      .once('timeout', () => end('silence'))
      .once('error', (error: NodeJS.ErrnoException) => end(SILENT.has(error.code ?? '') ? 'silence' : 'refused'))
  })
}

/** What our own kernel says when nobody has answered; any other error is no proof of silence. */
const SILENT = new Set(['EHOSTUNREACH', 'EHOSTDOWN', 'ETIMEDOUT', 'ENETUNREACH'])

/** The IPv4 addresses of this machine's interfaces, each with the length of its network: `10.0.0.7/24`. */
export function ownInterfaces(): readonly string[] {
  return ownIpv4().flatMap(one => (!one.internal && one.cidr !== null ? [one.cidr] : []))
}

/**
 * Whether a host answers: its kernel says that a port is closed, or this one takes a connection. A program that hangs with a
 * full queue answers no attempt, and the host does all the same.
 */
export async function hostAnswers(host: string, port: number, timeoutMs: number): Promise<boolean> {
  for (const one of [DISCARD_PORT, port]) if ((await tryConnection(host, one, timeoutMs)) !== 'silence') return true
  return false
}

/** discard (RFC 863): hardly any host has it open. */
const DISCARD_PORT = 9

/** Every IPv4 address of this machine. */
export function ownAddresses(): readonly string[] {
  return ownIpv4().map(one => one.address)
}

export function ownIpv4(): readonly NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(one => one.family === 'IPv4')
}
