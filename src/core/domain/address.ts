/** An IPv4 address as an unsigned 32-bit number, or undefined when the text is not one in plain dotted decimal. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const parts = match.slice(1)
  if (parts.some(part => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return undefined
  return parts.reduce((value, part) => value * 256 + Number(part), 0)
}

/** Whether `address` lies in one of the CIDR `networks`; false for text that cannot be parsed. */
export function inNetworks(address: string, networks: readonly string[]): boolean {
  return inRanges(address, rangesOf(networks))
}

/** The same for parsed networks, for checks of many addresses. */
export function inRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const value = parseIpv4(address)
  return value !== undefined && ranges.some(([first, last]) => first <= value && value <= last)
}

/** The first and the last address of a network, as numbers. */
export type AddressRange = readonly [first: number, last: number]

/** The ranges of CIDR networks; text that cannot be parsed is left out. */
export function rangesOf(networks: readonly string[]): readonly AddressRange[] {
  return networks.flatMap(network => {
    const range = rangeOf(network)
    return range === undefined ? [] : [range]
  })
}

function rangeOf(network: string): AddressRange | undefined {
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

/**
 * Addresses that an engine on another machine cannot have: link-local, loopback, this network, multicast and reserved
 * ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
export const NEVER_REMOTE = rangesOf(['169.254.0.0/16', LOOPBACK, '0.0.0.0/8', '224.0.0.0/3'])
