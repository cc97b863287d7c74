import { describe, expect, it } from 'vitest'
import {
  describeReplicaEvent,
  describeRoutes,
  describeUpdaterEvent,
  parseEvent,
} from '../../../src/programs/up/describe-events.ts'

it.each([
  [
    '{"at":"2026-01-31T12:00:00Z","event":"ready","models":1}',
    { at: '2026-01-31T12:00:00Z', event: 'ready', models: 1 },
  ],
  ['Cannot supervise: …', undefined],
  ['{"models":1}', undefined],
  ['null', undefined],
])('reads %s as a line of a journal, or as none', (line, event) => {
  expect(parseEvent(line)).toEqual(event)
})

/** As llama-server prints it. */
const LLAMA = `print_info: loading
main: ok
gguf_init: invalid magic characters: 'abcd', expected 'GGUF'
llama_model_load: error loading model: failed to load
srv operator(): cleaning up before exit...
main: exiting due to model loading error`

describe('of a replica', () => {
  it.each([
    [{ event: 'ready', models: 1 }, undefined],
    [
      { event: 'engine exited', message: 'Exited with code 1: error: no such flag' },
      'the engine ended: Exited with code 1: error: no such flag',
    ],
    [
      { event: 'engine exited', message: 'Exited with code 1: a\nb\nc\n\x1b[31md\n\ne\n' },
      'the engine ended: Exited with code 1: a | … | d | e',
    ],
    [{ event: 'engine unfit', message: 'HTTP 500' }, 'the engine is restarted: HTTP 500'],
    [{ event: 'failed', message: 'Cannot run it here' }, 'Cannot run it here'],
    [{ event: 'failed', message: null }, 'given up: its engine does not start; its supervisor is restarted'],
    [
      { event: 'engine exited', message: `Exited with code 1: load\n${LLAMA}` },
      "the engine ended: Exited with code 1: load | … | gguf_init: invalid magic characters: 'abcd', expected 'GGUF' | … | main: exiting due to model loading error",
    ],
    [{ event: 'drained', outcome: 'idle' }, undefined],
    [{ event: 'drained', outcome: 'deadline' }, 'requests were cut: they took too long to end'],
    [{ event: 'cannot', what: 'beat', error: 'EIO' }, 'cannot beat: EIO'],
    [{ event: 'trouble', what: 'registry', message: 'EACCES' }, 'registry: EACCES'],
  ])('says of %j: %s', (event, line) => {
    expect(describeReplicaEvent(event)).toBe(line)
  })
})

it.each([
  [{ event: 'standing', id: 'fast-1-0-0' }, undefined],
  [{ event: 'trouble', what: 'gateway', message: 'Cannot test: emerg' }, 'Cannot test: emerg'],
  [{ event: 'recovered', what: 'gateway' }, 'gateway is well again'],
])('says of the updater at %j: %s', (event, line) => {
  expect(describeUpdaterEvent(event)).toBe(line)
})

it('says which tiers are reached differently', () => {
  const report = (before: Record<string, string[]>, after: Record<string, string[]>) =>
    describeRoutes(before, after, tier => `http://127.0.0.1:8080/${tier}/`)
  expect(report({}, { fast: [], slow: [] })).toEqual([])
  expect(report({ fast: [] }, { fast: ['a'], slow: ['b', 'c'] })).toEqual([
    ['fast', 'one engine answers at http://127.0.0.1:8080/fast/'],
    ['slow', '2 engines answer at http://127.0.0.1:8080/slow/'],
  ])
  expect(report({ fast: ['a'] }, { fast: [] })).toEqual([['fast', 'no engine; clients get 503 with Retry-After']])
})
