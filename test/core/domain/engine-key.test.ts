import { describe, expect, it } from 'vitest'
import { checkKeys, fingerprintOf, parseKey, redact } from '../../../src/core/domain/engine-key.ts'

const key = 'd41d8cd98f00b204e9800998ecf8427e'

describe('a key file', () => {
  it.each([
    ['one line', `${key}\n`, key],
    ['one line of another system', `${key}\r\n`, key],
    ['one line without its end', key, key],
    ['nothing', '', undefined],
    ['a key that can be guessed', 'secret\n', undefined],
    ['two lines', `${key}\n${key}\n`, undefined],
    ['what would be a flag', `-${key}\n`, undefined],
    ['what would end a string of nginx', `${key}'\n`, undefined],
    ['a variable of nginx', `${key}$host\n`, undefined],
    ['more than a header is for', 'k'.repeat(129), undefined],
  ])('with %s holds the key, or none that can be used', (_what, text, parsed) => {
    expect(parseKey(text)).toBe(parsed)
  })
})

it('is named by a part of its hash (sha256sum)', () => {
  expect(fingerprintOf('d41d8cd98f00b204e9800998ecf8427e')).toBe('f215faf9d88b7f0a')
})

it('is redacted wherever it stands in a text', () => {
  expect(redact(`server_args=ServerArgs(api_key='${key}') ${key}`, [key])).toBe(
    "server_args=ServerArgs(api_key='<site.key>') <site.key>",
  )
})

describe('keys from another process', () => {
  it('stand under their own fingerprints', () => {
    expect(checkKeys({ [fingerprintOf(key)]: key })).toEqual({ [fingerprintOf(key)]: key })
    expect(checkKeys(undefined)).toEqual({})
  })

  it.each([
    ['another key', { [fingerprintOf(key)]: 'x'.repeat(32) }],
    ['no key', { [fingerprintOf('"; }')]: '"; }' }],
    ['no text', { [fingerprintOf(key)]: 7 }],
  ])('are refused where one is %s, which is not shown', (_what, keys) => {
    expect(() => checkKeys(keys)).toThrow(/^Cannot use the key "[0-9a-f]{16}": that is not its fingerprint$/)
  })
})

it('redacts a key, and its end as llama.cpp prints it', () => {
  const key = 'd41d8cd98f00b204e9800998ecf8427e'
  expect(redact(`a ${key} main: api_keys: ****427e, ****1234`, [key])).toBe(
    'a <site.key> main: api_keys: <site.key>, ****1234',
  )
})
