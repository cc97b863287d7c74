import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The IPv4 addresses of a host name; undefined when they cannot be found out now. */
export async function resolveHost(name: string): Promise<readonly string[] | undefined> {
  try {
    const found = await lookup(name, { family: 4, all: true })
    return found.map(one => one.address)
  } catch {
    return undefined // a resolver that fails and a name that does not exist are the same to the caller: not known
  }
}

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
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .flatMap(one => (one.family === 'IPv4' && !one.internal && one.cidr !== null ? [one.cidr] : []))
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
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(one => one.family === 'IPv4')
    .map(one => one.address)
}
