import { expect, it } from 'vitest'
import { addressesIn } from '../../src/server/address.ts'

it('takes loopback only where a network names it', () => {
  expect(addressesIn(['127.0.0.0/8'])).toContain('127.0.0.1')
  expect(addressesIn(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])).not.toContain('127.0.0.1')
})
