import { expect, it } from 'vitest'
import { inNetworks, parseIpv4 } from '../../../src/core/domain/address.ts'

it.each([
  ['10.0.0.12', ['10.0.0.0/24'], true],
  ['10.0.1.12', ['10.0.0.0/24'], false],
  ['10.0.1.12', ['192.168.0.0/16', '10.0.0.0/8'], true],
  ['255.255.255.255', ['0.0.0.0/0'], true],
  ['10.0.0.12', ['10.0.0.12/32'], true],
  ['10.0.0.13', ['10.0.0.12/32'], false],
  ['10.0.0.12', ['10.0.0.0/33'], false],
  ['10.0.0.12', ['10.0.0.0'], false],
  ['10.0.0.12', [], false],
])('%s in %j: %s', (address, networks, expected) => {
  expect(inNetworks(address, networks)).toBe(expected)
})

it.each(['10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1 ', '0x0a.0.0.1', '', '::1'])(
  'does not read %j as IPv4',
  text => {
    expect(parseIpv4(text)).toBeUndefined()
  },
)
