import { expect, it } from 'vitest'
import { addressesIn, inOrderOf, preferNamed } from '../../../../src/adapters/engine/process/address.ts'

it('takes loopback only where a network names it', () => {
  expect(addressesIn(['127.0.0.0/8'])).toContain('127.0.0.1')
  expect(addressesIn(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])).not.toContain('127.0.0.1')
})

const NETWORKS = ['10.1.0.0/24', '10.0.0.0/24']

it.each<[string, string[], string[], string[], string | undefined]>([
  ['the only one', NETWORKS, ['10.0.0.1'], [], '10.0.0.1'],
  ['the first network’s, whatever the system’s order', NETWORKS, ['10.0.0.1', '10.1.0.1'], [], '10.1.0.1'],
  [
    'that of its name, before a network that no name leads to',
    NETWORKS,
    ['10.0.0.1', '10.1.0.1'],
    ['10.0.0.1'],
    '10.0.0.1',
  ],
  [
    'the first network’s, where names lead to both',
    NETWORKS,
    ['10.0.0.1', '10.1.0.1'],
    ['10.0.0.1', '10.1.0.1'],
    '10.1.0.1',
  ],
  ['that of its name within one wide network', ['10.0.0.0/8'], ['10.1.0.1', '10.0.0.1'], ['10.0.0.1'], '10.0.0.1'],
  ['not loopback, where its name leads on itself', NETWORKS, ['10.0.0.1', '10.1.0.1'], ['127.0.1.1'], '10.1.0.1'],
  ['its IPv4 address where its name has both', NETWORKS, ['10.0.0.1', '10.1.0.1'], ['fd00::1', '10.0.0.1'], '10.0.0.1'],
  ['none outside of the networks', NETWORKS, ['192.168.0.1', 'fd00::1'], ['192.168.0.1'], undefined],
])('an engine listens on %s', (_what, networks, own, named, address) => {
  expect(preferNamed(inOrderOf(networks, own), named)).toBe(address)
})
