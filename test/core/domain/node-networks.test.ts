import { expect, it } from 'vitest'
import { networkOf, networksOf } from '../../../src/core/domain/node-networks.ts'

it.each<[string[], string[], string[]]>([
  [['10.0.0.12', '10.0.0.13'], ['10.0.0.0/16', '192.168.1.0/24'], ['10.0.0.0/16']],
  [['172.16.4.9', '10.0.0.12'], ['10.0.0.0/8'], ['10.0.0.0/8', '172.16.4.0/24']],
  [['127.0.1.1'], ['127.0.0.0/8'], []],
  [[], ['10.0.0.0/8'], []],
])('addresses %j seen from %j lie in %j', (addresses, own, networks) => {
  expect(networksOf(addresses, own)).toEqual(networks)
})

it.each([
  ['10.77.3.7/16', '10.77.0.0/16'],
  ['192.168.1.130/25', '192.168.1.128/25'],
  ['1.2.3.4/32', '1.2.3.4/32'],
  ['1.2.3.4', undefined],
  ['fe80::1/64', undefined],
])('%s is an address of %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
