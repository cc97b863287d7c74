import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { codeOf } from '../../core/domain/caught.ts'

/**
 * The IPv4 addresses of a host name, or its IPv6 ones if it has no others. Empty: there is no such name; undefined: not known now.
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

/** Errors that are answers of a name server; others mean that it could not be asked. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EAI_ADDRFAMILY'])

/** Whether the port accepts a TCP connection within `timeoutMs`. */
export async function takesConnection(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return (await tryConnection(host, port, timeoutMs)) === 'connected'
}

/** `silence`: no answer within `timeoutMs`, not even a refusal. */
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

/** Our own kernel's errors for a missing answer; other errors do not prove silence. */
const SILENT = new Set(['EHOSTUNREACH', 'EHOSTDOWN', 'ETIMEDOUT', 'ENETUNREACH'])

/** The IPv4 addresses of this machine's interfaces, each with the length of its network: `10.0.0.7/24`. */
export function ownInterfaces(): readonly string[] {
  return ownIpv4().flatMap(one => (!one.internal && one.cidr !== null ? [one.cidr] : []))
}

/**
 * Whether a host answers: its kernel refuses on a closed port, or accepts a connection on this one. A hanging program with a full
 * queue answers no attempt although its host is alive, so a closed port is tried too.
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
