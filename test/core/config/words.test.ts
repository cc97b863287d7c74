import { describe, expect, it } from 'vitest'
import { pathText, quote } from '../../../src/core/config/config-finding.ts'
import { countHosts } from '../../../src/core/config/host-count.ts'
import { nearestWord } from '../../../src/core/config/nearest-word.ts'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { tierOf } from '../../../src/core/config/tier-of.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { EXAMPLE } from '../../support/example-config.ts'

describe('nearestWord', () => {
  const words = ['listen', 'networks', 'nodeSuffix', 'gatewayPort', 'mem']
  it.each([
    ['lisen', 'listen'],
    ['lsiten', 'listen'],
    ['network', 'networks'],
    ['node_suffix', 'nodeSuffix'],
    ['GATEWAY-PORT', 'gatewayPort'],
    ['men', 'mem'],
    ['replicas', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('finds what %.20s was meant to be', (text, word) => {
    expect(nearestWord(text, words)).toBe(word)
  })
})

it.each([
  ['a', 1],
  ['a,b', 2],
  ['a[01-03,07],b', 5],
  ['a[1-2]b[1-3]', 6],
  ['a[3-1]', 0],
])('countHosts counts the hosts of %s', (list, count) => {
  expect(countHosts(list)).toBe(count)
})

it('paths and quotes stay on one line, whatever stands in them', () => {
  expect(pathText(['tiers', 'a b\n\u0085', 'args', 0])).toBe('tiers."a b\\n\\u0085".args[0]')
  expect(quote('x'.repeat(100))).toBe(`"${'x'.repeat(57)}…"`)
})

describe('tierOf', () => {
  const { config } = parseConfig(EXAMPLE, 'sluice.yaml')
  if (config === undefined) throw new Error('the example has problems')

  it('gives the tier of that name', () => {
    expect(tierOf(config, 'reasoning')).toBe(config.tiers['reasoning'])
  })

  it.each([
    ['fsat', 'Cannot find tier "fsat": did you mean "fast"'],
    ['constructor', 'Cannot find tier "constructor": choose "fast" or "reasoning"'],
  ])('says what there is instead of %s', (name, message) => {
    expect(() => tierOf(config, name)).toThrow(new UserError(message))
  })
})
