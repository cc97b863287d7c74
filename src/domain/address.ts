/** An IPv4 address as an unsigned 32-bit number, or undefined when the text is not one in plain dotted decimal. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const parts = match.slice(1)
  if (parts.some(part => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return undefined
  return parts.reduce((value, part) => value * 256 + Number(part), 0)
}

/** `address` lies in one of the CIDR `networks`; what cannot be parsed lies nowhere. */
export function inNetworks(address: string, networks: readonly string[]): boolean {
  const value = parseIpv4(address)
  return value !== undefined && networks.some(network => contains(network, value))
}

function contains(network: string, value: number): boolean {
  const range = rangeOf(network)
  return range !== undefined && range[0] <= value && value <= range[1]
}

/** The first and the last address of a CIDR network, as numbers; undefined when it is none. */
export function rangeOf(network: string): readonly [first: number, last: number] | undefined {
  const [base = '', length = ''] = network.split('/')
  const address = parseIpv4(base)
  const bits = Number(length)
  if (address === undefined || !/^\d{1,2}$/.test(length) || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  const first = Math.floor(address / size) * size
  return [first, first + size - 1]
}

/** This machine itself. */
export const LOOPBACK = '127.0.0.0/8'
