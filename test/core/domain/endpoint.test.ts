import { describe, expect, it } from 'vitest'
import {
  addressOf,
  ENDPOINT_FILE,
  formatEndpoint,
  MAX_ENDPOINT_BYTES,
  parseEndpoint,
  replicaOf,
  toMessage,
} from '../../../src/core/domain/endpoint.ts'
import { endpoint } from '../../support/endpoint.ts'

const problemOf = (change: object) => {
  const parsed = parseEndpoint(JSON.stringify({ ...endpoint, ...change }), endpoint.id)
  return 'problem' in parsed ? parsed.problem : 'none'
}

describe('parseEndpoint', () => {
  it('reads what formatEndpoint wrote, and keeps fields that it does not know', () => {
    const known = { ...endpoint, colour: 'blue', job: { ...endpoint.job, account: 'x' } }
    expect(parseEndpoint(formatEndpoint(known), endpoint.id)).toEqual({ endpoint: known })
  })

  it.each([
    ['an empty file', '', 'Empty file'],
    ['a torn file', formatEndpoint(endpoint).slice(0, 100), 'Not JSON (torn, or not an endpoint file)'],
    ['binary junk', '\u0000\u0001\ufffd', 'Not JSON (torn, or not an endpoint file)'],
    ['a number', '7', 'file: Invalid input: expected object, received number'],
    ['null', 'null', 'file: Invalid input: expected object, received null'],
  ])('names %s', (_, text, problem) => {
    expect(parseEndpoint(text, endpoint.id)).toEqual({ problem })
  })

  it('names a version that is newer than ours', () => {
    expect(problemOf({ version: 2 })).toBe('Version 2 is newer than this sluice understands (1); update it here')
  })

  it.each([
    ['an address that ends a directive', { url: 'http://127.0.0.1:80; } server {' }],
    ['an address with a path', { url: 'http://10.0.0.12:8080/x' }],
    ['an address with a name', { url: 'http://vasp-02:8080' }],
    ['another scheme', { url: 'https://10.0.0.12:8080' }],
    ['an address with a second line', { url: 'http://10.0.0.12:8080\n' }],
    ['a tier outside the alphabet', { tier: 'fast;' }],
    ['a node with a newline', { job: { ...endpoint.job, node: 'vasp-02\nvasp-03' } }],
    ['a model that forges a line', { models: ['a\nb'] }],
    ['a message that forges a line', { message: 'a\u2028b' }],
    ['a job name with an escape sequence', { job: { ...endpoint.job, name: '\u001b[2J' } }],
    ['a state that does not exist', { state: 'READY' }],
    ['the id of another file', { id: 'fast-4242-2-0' }],
    ['a tier that is not the file name’s', { tier: 'slow' }],
    ['a job that is not the file name’s', { job: { ...endpoint.job, id: '4243' } }],
    ['a restart count that is not the file name’s', { job: { ...endpoint.job, restarts: 0 } }],
  ])('refuses %s', (_, change) => {
    expect(problemOf(change)).not.toBe('none')
  })
})

it.each([
  ['an id that is too long', { id: 'x'.repeat(60_000) }],
  ['many things', { processes: Array(900).fill({ role: 1 }) }],
])('says of a file with %s no more than people read', (_, change) => {
  expect(problemOf(change).length).toBeLessThanOrEqual(500)
})

it.each([
  ['\u001b]0;x\u0007a', 'a'],
  ['a\nb', 'a | b'],
  ['x'.repeat(300), 'x'.repeat(256)],
  [`${'x'.repeat(255)}\u{1f600}`, `${'x'.repeat(255)}\ufffd`],
])('publishes a job that is called %j, as every reader takes it', (name, expected) => {
  const parsed = parseEndpoint(formatEndpoint({ ...endpoint, job: { ...endpoint.job, name } }), endpoint.id)
  expect(parsed).toEqual({ endpoint: { ...endpoint, job: { ...endpoint.job, name: expected } } })
})

it('takes the nodes that Slurm takes', () => {
  expect(problemOf({ job: { ...endpoint.job, node: 'gpu_01' } })).toBe('none')
})

it('takes only names of the closed alphabet for endpoint files', () => {
  expect(ENDPOINT_FILE.exec('fast-4242-1-0.json')?.[1]).toBe('fast-4242-1-0')
  for (const name of [
    'fast-4242-1.json',
    'fast-4242-1-0.json.tmp',
    'Fast-1-0-0.json',
    'fast-1-0-0.json\n',
    '../x-1-0-0.json',
  ]) {
    expect(ENDPOINT_FILE.exec(name)).toBeNull()
  }
})

it('knows the replica and the address of an endpoint', () => {
  expect(replicaOf(endpoint.id)).toBe('fast-4242-1')
  expect(addressOf(endpoint)).toEqual({ address: '10.0.0.12', port: 8080 })
  expect(addressOf({ ...endpoint, url: null })).toBeUndefined()
})

it('makes a message of any text that its own reader accepts', () => {
  expect(toMessage('Exited with code 1: one\n  two\r\n\tthree\u2028four')).toBe(
    'Exited with code 1: one | two | three | four',
  )
  for (const text of ['\u0000\n', 'x'.repeat(100_000), `${'\n'.repeat(5_000)}end`]) {
    expect(problemOf({ message: toMessage(text) })).toBe('none')
  }
  expect(toMessage('\u001b[0;36mINFO\u001b[0m\nready')).toBe('INFO | ready')
  expect(toMessage(`begin ${'x'.repeat(100_000)} end`)).toMatch(/^begin x+ … x+ end$/)
})

it('what its supervisor runs may be missing, or be written otherwise by a later one', () => {
  const { build: _, ...before } = endpoint
  expect(parseEndpoint(JSON.stringify(before), endpoint.id)).toEqual({ endpoint: before })
  expect(parseEndpoint(JSON.stringify({ ...endpoint, build: { of: 1 } }), endpoint.id)).toHaveProperty('endpoint')
})

describe('formatEndpoint', () => {
  const written = (change: Partial<typeof endpoint>) => {
    const text = formatEndpoint({ ...endpoint, ...change })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ENDPOINT_BYTES)
    const parsed = parseEndpoint(text, endpoint.id)
    if ('problem' in parsed) throw new Error(parsed.problem)
    return parsed.endpoint
  }
  const many = (count: number, name: (index: number) => string) => Array.from({ length: count }, (_, i) => name(i))

  it.each([
    ['an escape sequence', 'a\u001b[2Jb'],
    ['half a character', '\ud800'],
    ['a line of its own', 'a\nb'],
    ['513 characters', 'x'.repeat(513)],
  ])('leaves out a model with %s in its name, and says so', (_, bad) => {
    const { models, message } = written({ models: ['good', bad, 'well'] })
    expect({ models, message }).toEqual({
      models: ['good', 'well'],
      message: 'Left out models whose names cannot be shown: 1',
    })
  })

  it('cuts 1001 models to 1000, beside what the message says', () => {
    const { models, message } = written({ models: many(1001, index => `m${index}`), message: 'Loading' })
    expect({ last: models.at(-1), message }).toEqual({
      last: 'm999',
      message: 'Loading; Left out models that are too many: 1',
    })
  })

  it('cuts what is larger than a reader takes', () => {
    const { models } = written({
      models: many(1000, index => `${'\u{1f600}'.repeat(200)}${index}`),
      message: 'ü'.repeat(4000),
    })
    expect(models.length).toBeGreaterThan(30)
  })

  it('takes a message of any text', () => {
    for (const text of ['\ud800', `${'x'.repeat(1023)}\u{1f600}${'x'.repeat(9000)}`, '\u001b]52;c;aGk=\u0007'])
      written({ message: toMessage(text) })
  })

  it('refuses what no reader takes', () => {
    expect(() => formatEndpoint({ ...endpoint, url: 'http://node:1' })).toThrow('Cannot publish fast-4242-1-0: url')
  })
})
