import { describe, expect, test } from 'vitest'
import { SITE, TIER } from './example.ts'
import { problemsOf } from './problems-of.ts'

const GOOD = `${TIER}    model: { name: m, file: /m.gguf }\n`

/** The problems of GOOD with more lines in its tier, from line 10 on. */
const inTier = (lines: string) => problemsOf(GOOD + lines)

/** The problems of three small tiers, of which the second and third get these keys. */
const tiers = (second: string, third: string) => {
  const tier = (name: string, keys: string) =>
    `  ${name}: { engine: llama.cpp, model: { name: m, file: /m.gguf }, ${keys} }\n`
  return problemsOf(`${SITE}tiers:\n${tier('a', 'path: /, gatewayPort: 8080')}${tier('b', second)}${tier('c', third)}`)
}

describe('gateway.networks', () => {
  const networks = (network: string) => problemsOf(GOOD.replace('10.0.0.0/24', JSON.stringify(network)))

  test.each(['10.0.0.0/8', '192.168.7.0/24', '10.1.2.3/32', '127.0.0.0/8', '100.64.0.0/10'])('%s is one', network => {
    expect(networks(network)).toEqual([])
  })

  test.each([
    ['10.0.0.5/24', 'has host bits set; write 10.0.0.0/24 for the network, or 10.0.0.5/32 for this address alone'],
    ['200.255.255.255/9', 'has host bits set; write 200.128.0.0/9 for the network, or 200.255.255.255/32 for this address alone'],
    ['10.0.0.7', 'has no prefix length; write 10.0.0.7/32 for this address alone'],
    ['10.0.0.0/33', 'has the prefix length "33"; write a whole number from 8 to 32'],
    ['10.0.0.0/024', 'has the prefix length "024"; write a whole number from 8 to 32'],
    ['10.0.0.0/24/1', 'is no IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['10.0.0/24', 'is no IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['10.0.0.256/24', 'is no IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['', 'is no IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['fe80::/64', 'is not IPv4; write the IPv4 network of the nodes: only IPv4 is supported today'],
    ['0.0.0.0/0', 'is too wide to mean the nodes; write the networks of the nodes, with prefixes from 8 to 32'],
    ['169.254.3.0/24', 'contains link-local addresses; write the network that the nodes are reached in'],
    ['169.0.0.0/8', 'contains link-local addresses; write the network that the nodes are reached in'],
    ['239.1.0.0/16', 'holds no addresses of hosts; write the network that the nodes are reached in'],
    ['0.0.0.0/8', 'holds no addresses of hosts; write the network that the nodes are reached in'],
  ])('%j is none', (network, problem) => {
    expect(networks(network)).toEqual([`4:23: Cannot use gateway.networks[0]: ${JSON.stringify(network)} ${problem}`])
  })
})

describe('gateway.defaultTier', () => {
  const withDefault = (name: string, path: string) =>
    problemsOf(`${GOOD.replace(' } \n', '').replace('{ networks', `{ defaultTier: ${name}, networks`)}  other:
    engine: llama.cpp
    path: ${path}
    model: { name: m, file: /m.gguf }
`)

  test.each([
    ['fast', '/other/', []],
    ['fats', '/other/', ['4:25: Cannot use gateway.defaultTier: there is no tier "fats"; did you mean "fast"']],
    ['zzz', '/other/', ['4:25: Cannot use gateway.defaultTier: there is no tier "zzz"; choose "fast" or "other"']],
    [
      'other',
      '/other/',
      ['4:25: Cannot use gateway.defaultTier: "other" is not the tier at /; write fast, or give other the path /'],
    ],
  ])('%s beside a tier at / is judged', (name, path, problems) => {
    expect(withDefault(name, path)).toEqual(problems)
  })

  test('may be any tier when none is at /', () => {
    expect(problemsOf(GOOD.replace('path: /', 'path: /fast/').replace('{ networks', '{ defaultTier: fast, networks'))).toEqual([])
  })
})

describe('timing', () => {
  test.each([
    ['{ beatSeconds: 9.9 }', []],
    [
      '{ beatSeconds: 10 }',
      ['10:1: Cannot use timing.leaseSeconds: a lease of 20 s ends after one late beat, at 10 s a beat; write more than 20, or beat more often'],
    ],
    [
      '{ beatSeconds: 1, leaseSeconds: 2 }',
      ['10:27: Cannot use timing.leaseSeconds: a lease of 2 s ends after one late beat, at 1 s a beat; write more than 2, or beat more often'],
    ],
    ['{ beatSeconds: 0 }', ['10:24: Cannot use timing.beatSeconds: 0; write a number above 0 to 86400']],
    ['{ scanSeconds: 90000 }', ['10:24: Cannot use timing.scanSeconds: 90000; write a number above 0 to 86400']],
  ])('%s is judged', (timing, problems) => {
    expect(problemsOf(`${GOOD}timing: ${timing}\n`).map(one => one.replace(/^10:\d+: (.*leaseSeconds)/, one.startsWith('10:1:') ? '10:1: $1' : '10:27: $1').replace(/^10:\d+: (.*(beat|scan)Seconds: )/, '10:24: $1'))).toEqual(problems)
  })
})
