import { inNetworks, LOOPBACK, parseIpv4 } from './address.ts'

/**
 * The networks that contain these addresses, in CIDR notation: this machine's own networks, `own`, where they do, else the /24 of
 * each address. Addresses that other machines cannot reach are left out.
 */
export function networksOf(addresses: readonly string[], own: readonly string[]): readonly string[] {
  const found = addresses.flatMap(address => {
    if (parseIpv4(address) === undefined || inNetworks(address, [LOOPBACK])) return []
    return [own.find(network => inNetworks(address, [network])) ?? `${address.replace(/\d+$/, '0')}/24`]
  })
  return [...new Set(found)].sort()
}

/** `10.0.0.7/24` → `10.0.0.0/24`, as networks are written. */
export function networkOf(interfaceAddress: string): string | undefined {
  const [address = '', length = ''] = interfaceAddress.split('/')
  const value = parseIpv4(address)
  const bits = Number(length)
  if (value === undefined || !/^\d{1,2}$/.test(length) || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  const first = Math.floor(value / size) * size
  const parts = [24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256)
  return `${parts.join('.')}/${bits}`
}
