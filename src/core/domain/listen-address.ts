import { parseIpv4 } from './address.ts'

/**
 * Where a gateway listens, as written in sluice.yaml: a port, which means every IPv4 address of the machine, or one address with
 * a port, such as `127.0.0.1:8080` or `[::1]:8080`.
 */
export type Listen = number | string

export interface ListenAddress {
  /** An IPv4 or IPv6 literal in its canonical spelling, without brackets; `ANY_IPV4` and `ANY_IPV6` stand for all. */
  readonly address: string
  readonly port: number
}

export const ANY_IPV4 = '0.0.0.0'
const ANY_IPV6 = '::'
const IPV4_LOOPBACK = '127.0.0.1'

/** Text that `readListen` accepts, as far as a pattern can express it. */
export const LISTEN_PATTERN = /^(?:(?:\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]{2,45}\]):[1-9]\d{3,4}$/

/** The address, or the correction: what to write instead, or the reason. */
export function readListen(text: string): ListenAddress | { readonly fix: string } {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|(.*)):([^:\]]*)$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || digits === undefined || (bracketed === undefined && host.includes(':'))) {
    return { fix: withoutPort(text) }
  }
  const port = Number(digits)
  if (!/^\d+$/.test(digits) || port < 1024 || port > 65_535) return { fix: 'write a port from 1024 to 65535' }
  if (/^0/.test(digits)) return { fix: `write ${host === '' ? port : text.slice(0, -digits.length) + port}` }
  if (host === '' || host === '*') return { fix: `write ${port}, which means all addresses` }
  return bracketed === undefined ? readIpv4(host, port) : readIpv6(host, port)
}

function readIpv4(host: string, port: number): ListenAddress | { readonly fix: string } {
  if (parseIpv4(host) !== undefined) return { address: host, port }
  if (/^[\d.]+$/.test(host)) return { fix: 'write four numbers from 0 to 255, such as 127.0.0.1:8080' }
  // A name may have several addresses, may change, and may not resolve while nginx starts.
  const meant = host.toLowerCase() === 'localhost' ? `${IPV4_LOOPBACK}:${port}` : 'such as 127.0.0.1:8080'
  return { fix: `write the address instead of a name: ${meant}` }
}

function readIpv6(host: string, port: number): ListenAddress | { readonly fix: string } {
  if (host.includes('%')) return { fix: 'nginx cannot listen on an address with a zone; write one without' }
  const address = canonicalIpv6(host)
  if (address === undefined) return { fix: 'write an IPv6 address in brackets and quotes, such as "[::1]:8080"' }
  if (/^fe[89ab]/.test(address))
    return { fix: 'a link-local address needs a zone, and nginx does not accept one; write another' }
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(address)
  if (mapped === null) return { address, port }
  const [high = 0, low = 0] = mapped.slice(1).map(group => Number.parseInt(group, 16))
  return { fix: `write it as IPv4: ${[high >> 8, high & 255, low >> 8, low & 255].join('.')}:${port}` }
}

/** RFC 5952; undefined for what is not IPv6. */
export function canonicalIpv6(text: string): string | undefined {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(text) || !URL.canParse(`http://[${text}]`)) return undefined
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}

function withoutPort(text: string): string {
  if (/^\d+$/.test(text)) return `write ${text} without quotes`
  if (parseIpv4(text) !== undefined) return `add the port, such as ${text}:8080`
  if (text.includes(':') && !text.includes('/'))
    return 'write an IPv6 address in brackets and quotes, such as "[::1]:8080"'
  return 'write a port, such as 8080, or an address with one, such as 127.0.0.1:8080'
}

/** @throws for text that `readListen` refuses. */
export function listenAddress(listen: Listen): ListenAddress {
  const read = typeof listen === 'number' ? { address: ANY_IPV4, port: listen } : readListen(listen)
  if ('fix' in read) throw new Error(`Cannot listen on ${JSON.stringify(listen)}: ${read.fix}`)
  return read
}

/** The canonical spelling: equal addresses have equal text. A bare port stays a bare port. */
export function canonicalListen(listen: Listen): Listen {
  return typeof listen === 'number' ? listen : listenText(listenAddress(listen))
}

/** `127.0.0.1:8080`, `[::1]:8080`. */
export function listenText({ address, port }: ListenAddress): string {
  return `${isIpv6(address) ? `[${address}]` : address}:${port}`
}

/** For people: `port 8080` where it means all addresses. */
export function listenWords(at: ListenAddress): string {
  return at.address === ANY_IPV4 ? `port ${at.port}` : listenText(at)
}

/** The URL for a client on this machine: `http://127.0.0.1:8080`. */
export function localUrl(listen: Listen): string {
  const { address, port } = listenAddress(listen)
  const local = address === ANY_IPV4 ? IPV4_LOOPBACK : address === ANY_IPV6 ? '::1' : address
  return `http://${listenText({ address: local, port })}`
}

export function isEveryAddress({ address }: ListenAddress): boolean {
  return address === ANY_IPV4 || address === ANY_IPV6
}

export function isIpv6(address: string): boolean {
  return address.includes(':')
}

export function isSameListen(one: ListenAddress, other: ListenAddress): boolean {
  return one.port === other.port && one.address === other.address
}

/**
 * Whether a process that listens on one address keeps others from listening on the other, on Linux. A socket of nginx for all
 * IPv6 addresses does not include IPv4 (ipv6only, ngx_http_core_module).
 */
export function overlaps(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port !== other.port || isIpv6(one.address) !== isIpv6(other.address)) return false
  return one.address === other.address || isEveryAddress(one) || isEveryAddress(other)
}

/**
 * Whether a gateway with these listen addresses answers at this one: directly, or, where it listens on all, at any address of
 * this machine. An engine there would be the gateway itself, and a request would loop without end.
 */
export function isAnsweredBy(
  { address, port }: ListenAddress,
  listens: readonly ListenAddress[],
  ownAddresses: readonly string[],
): boolean {
  return listens.some(
    one => one.port === port && (one.address === address || (isEveryAddress(one) && ownAddresses.includes(address))),
  )
}

/** The gateway's own address and every tier's, each once. */
export function listensOf(model: {
  readonly listen: Listen
  readonly tiers: readonly { readonly port?: Listen }[]
}): readonly ListenAddress[] {
  const all = [model.listen, ...model.tiers.flatMap(tier => tier.port ?? [])].map(listenAddress)
  return all.filter((one, index) => all.findIndex(other => isSameListen(one, other)) === index)
}
