import { describe, expect, it } from 'vitest'
import {
  canonicalListen,
  type Listen,
  listenAddress,
  listensOf,
  localUrl,
  overlaps,
  readListen,
} from '../../../src/core/domain/listen-address.ts'

describe('an address to listen on', () => {
  it.each<[string, string, number]>([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    ['[::1]:8080', '::1', 8080],
    ['[::]:65535', '::', 65_535],
    ['[2001:DB8:0:0::0:1]:1024', '2001:db8::1', 1024],
  ])('%s is one', (text, address, port) => {
    expect(readListen(text)).toEqual({ address, port })
  })

  const V6 = 'write an IPv6 address in brackets and quotes, such as "[::1]:8080"'
  it.each<[string, string]>([
    ['8080', 'write 8080 without quotes'],
    ['', 'write a port, such as 8080, or an address with one, such as 127.0.0.1:8080'],
    ['http://127.0.0.1:8080', 'write a port, such as 8080, or an address with one, such as 127.0.0.1:8080'],
    ['127.0.0.1', 'add the port, such as 127.0.0.1:8080'],
    [':8080', 'write 8080, which means all addresses'],
    ['*:8080', 'write 8080, which means all addresses'],
    ['127.0.0.1:0', 'write a port from 1024 to 65535'],
    ['127.0.0.1:80', 'write a port from 1024 to 65535'],
    ['127.0.0.1:65536', 'write a port from 1024 to 65535'],
    ['127.0.0.1:-1', 'write a port from 1024 to 65535'],
    ['127.0.0.1:08080', 'write 127.0.0.1:8080'],
    ['127.0.0.1:8080; }', 'write a port from 1024 to 65535'],
    ['127.0.0.1:', 'write a port from 1024 to 65535'],
    ['localhost:8080', 'write the address instead of a name: 127.0.0.1:8080'],
    ['gateway.example.org:8080', 'write the address instead of a name: such as 127.0.0.1:8080'],
    ['unix:/run/x.sock:8080', 'write a port, such as 8080, or an address with one, such as 127.0.0.1:8080'],
    ['127.0.0.256:8080', 'write four numbers from 0 to 255, such as 127.0.0.1:8080'],
    ['127.1:8080', 'write four numbers from 0 to 255, such as 127.0.0.1:8080'],
    ['::1:8080', V6],
    ['::1', V6],
    ['[127.0.0.1]:8080', V6],
    ['[::1;]:8080', V6],
    ['[fe80::1%eth0]:8080', 'nginx cannot listen on an address with a zone; write one without'],
    ['[fe80::1]:8080', 'a link-local address needs a zone, and nginx does not accept one; write another'],
    ['[::ffff:127.0.0.1]:8080', 'write it as IPv4: 127.0.0.1:8080'],
    ['[::ffff:7f00:1]:8080', 'write it as IPv4: 127.0.0.1:8080'],
  ])('%j is none', (text, fix) => {
    expect(readListen(text)).toEqual({ fix })
  })

  it.each<[Listen, Listen, string]>([
    [8080, 8080, 'http://127.0.0.1:8080'],
    ['0.0.0.0:8080', '0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['10.0.0.7:8080', '10.0.0.7:8080', 'http://10.0.0.7:8080'],
    ['[::]:8080', '[::]:8080', 'http://[::1]:8080'],
    ['[0::0:1]:8080', '[::1]:8080', 'http://[::1]:8080'],
  ])('%s has one spelling, %s, and is asked at %s', (listen, spelling, url) => {
    expect([canonicalListen(listen), localUrl(listen)]).toEqual([spelling, url])
  })
})

it.each<[Listen, Listen, boolean]>([
  [8080, '127.0.0.1:8080', true],
  ['127.0.0.1:8080', '127.0.0.1:8080', true],
  ['127.0.0.1:8080', '10.0.0.1:8080', false],
  ['127.0.0.1:8080', '127.0.0.1:8081', false],
  [8080, '[::1]:8080', false],
  ['[::]:8080', '[::1]:8080', true],
])('whether %s keeps others from %s: %s', (one, other, expected) => {
  const places = [listenAddress(one), listenAddress(other)] as const
  expect([overlaps(...places), overlaps(places[1], places[0])]).toEqual([expected, expected])
})

it('a gateway listens on each address once', () => {
  const tiers = [{ port: '[::1]:8080' }, { port: '0.0.0.0:8080' }, {}, { port: '127.0.0.1:8081' }]
  expect(listensOf({ listen: 8080, tiers })).toEqual([
    { address: '0.0.0.0', port: 8080 },
    { address: '::1', port: 8080 },
    { address: '127.0.0.1', port: 8081 },
  ])
})
