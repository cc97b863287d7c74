import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { TIER } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

const GOOD = `${TIER}    model: { name: m, file: /m.gguf }\n`

describe('what is no configuration', () => {
  it.each([
    ['an empty file', '', 'Cannot use the configuration: it is empty'],
    ['comments only', '# nothing\n\n', 'Cannot use the configuration: it is empty'],
    ['null', '~', '1:1: Cannot use the configuration: it is empty; write keys, such as site: beefcake2'],
    ['a list', '- a\n- b\n', '1:1: Cannot use the configuration: it is a list; write keys, such as site: beefcake2'],
    ['text', 'hello', '1:1: Cannot use the configuration: it is text "hello"; write keys, such as site: beefcake2'],
    [
      'binary junk',
      'a\n\0\u0001',
      '2:1: Cannot read the configuration: control character U+0000; save the file as UTF-8 text',
    ],
    [
      'bytes that are not UTF-8',
      'a: b\ufffd',
      '1:5: Cannot read the configuration: it is not UTF-8 text; save the file as UTF-8 text',
    ],
    [
      'a huge file',
      'a: 1\n'.repeat(60_000),
      'Cannot read the configuration: it has more than 262144 characters; name the right file',
    ],
    ['ten thousand open brackets', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'nested too deeply'],
    ['a chain of five hundred maps', `a: ${'{a: '.repeat(500)}${'}'.repeat(500)}`, 'nested too deeply'],
  ])('%s is one problem', (_, text, problem) => {
    expect(problemsOf(text).filter(one => one.includes(problem))).toHaveLength(1)
  })
})

describe('YAML’s syntax', () => {
  it('all errors are told, and nothing that would follow from them', () => {
    expect(problemsOf('site: "lab\nshared: [\n')).toEqual(['3:1: Cannot read YAML: missing closing "quote; close it'])
    expect(problemsOf('site:\n\tx: 1\nshared: @a\nruntime: `b`\n')).toEqual([
      '2:1: Cannot read YAML: tabs are not allowed as indentation; indent with spaces',
      '3:9: Cannot read YAML: plain value cannot start with reserved character @; correct the text here or just above',
      '4:10: Cannot read YAML: plain value cannot start with reserved character `; correct the text here or just above',
    ])
  })

  it('columns do not count a byte order mark', () => {
    expect(problemsOf(`\ufeff${GOOD.replace('site: lab', 'site: 5')}`)).toEqual([
      '1:7: Cannot use site: it is the number 5; write it in quotes: "5"',
    ])
  })

  it('a second document is refused where it starts', () => {
    expect(problemsOf(`${GOOD}---\nsite: other\n`)).toEqual([
      '10:1: Cannot read YAML: a second document starts here; leave out the line --- above it',
    ])
  })

  it('YAML 1.1, in which 01:30:00 is a number and yes a boolean, is refused', () => {
    expect(problemsOf(`%YAML 1.1\n---\n${GOOD}`)).toEqual([
      '1:1: Cannot read YAML: the file asks for YAML 1.1; leave the %YAML line out',
    ])
  })

  it('a key given twice is told at the second, with the line of the first', () => {
    expect(problemsOf(`${GOOD}site: again\n"site": thrice\n`)).toEqual([
      '10:1: Cannot use site: it stands on line 1 already; leave one of the two out',
      '11:1: Cannot use site: it stands on line 1 already; leave one of the two out',
    ])
  })

  it('tags and keys that are no words are refused', () => {
    expect(problemsOf(`${GOOD}watch: !no true\n? [a]\n: 1\n8080: 1\n`)).toEqual([
      '10:12: Cannot use watch: tag "!no" is not supported here; leave the tag out',
      '11:3: Cannot use the configuration: one of its keys is a list, a map or an alias; write keys as words',
      '13:1: Cannot use 8080: there is no such key here; the keys are site, shared, runtime, gateway, timing, notify, log, watch, tiers',
    ])
  })

  it('a tag of YAML’s own is taken', () => {
    expect(problemsOf(`${GOOD}watch: !!bool true\n`)).toEqual([])
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '""', '"<<"'])(
    'the key %s is told, anywhere',
    key => {
      for (const text of [`${GOOD}${key}: { site: x }\n`, `${GOOD}    slurm: { ${key}: { polluted: 1 } }\n`]) {
        expect(problemsOf(text)).toEqual([expect.stringContaining(': there is no such key')])
      }
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    },
  )

  it('__proto__ is no name of a variable either, which zod would pass over', () => {
    expect(problemsOf(`${GOOD}    env: { __proto__: x }\n`)).toEqual([
      '10:12: Cannot use tiers.fast.env.__proto__: there is no such key; leave it out',
    ])
  })
})

describe('anchors', () => {
  const two = (second: string) => `${GOOD.replace('  fast:', '  fast: &fast')}  slow:\n${second}`

  it('a merged map gives what the own keys leave out', () => {
    const { config } = parseConfig(two('    <<: *fast\n    path: /slow/\n'), 'f')
    expect(config?.tiers['slow']).toEqual({ ...config?.tiers['fast'], path: '/slow/' })
  })

  it('of several merged maps the first wins, and own keys win over all', () => {
    const { config } = parseConfig(
      two('    <<: [{ path: /slow/, replicas: 2 }, *fast, { replicas: 3, context: 5 }]\n    context: 4\n'),
      'f',
    )
    expect(config?.tiers['slow']).toEqual({ ...config?.tiers['fast'], path: '/slow/', replicas: 2, context: 4 })
  })

  it('what is wrong between keys is told at the alias', () => {
    expect(problemsOf(two('    <<: *fast\n'))).toEqual([
      '11:9: Cannot use tiers.slow.path: tier "fast" has "/" already; write another',
    ])
  })

  it('what is wrong by itself is told once, where it was written', () => {
    const text = two('    <<: *fast\n    path: /slow/\n').replace('path: /\n', 'path: /\n    port: 80\n')
    expect(problemsOf(text)).toEqual(['9:11: Cannot use tiers.fast.port: 80; write a whole number from 1024 to 65535'])
  })

  it('an alias keeps the text of numbers', () => {
    const { config } = parseConfig(
      GOOD.replace('site: lab', 'site: lab\ntiming: { beatSeconds: &five 5.0 }').concat('    args: { temp: *five }\n'),
      'f',
    )
    expect(config?.tiers['fast']?.args).toEqual({ temp: '5.0' })
  })

  it('an anchor may be given twice: the nearest above counts', () => {
    const text = GOOD.replace('path: /', 'path: &p /\n    gatewayPort: &p 8081\n    port: *p')
    expect(parseConfig(text, 'f').config?.tiers['fast']?.port).toBe(8081)
  })

  it.each([
    ['    <<: *nope\n', '11:9: Cannot use tiers.slow: no anchor "nope" stands above; mark the target value with &nope'],
    [
      '    <<: 5\n',
      '11:9: Cannot use tiers.slow.<<: only maps can be merged; name the anchor of a map, such as <<: *base',
    ],
    [
      '    <<: &me { <<: *me }\n',
      '11:19: Cannot use tiers.slow: alias "me" stands inside its own target; write the value out',
    ],
    [
      '    args: &me [*me]\n',
      '11:16: Cannot use tiers.slow.args[0]: alias "me" stands inside its own target; write the value out',
    ],
    [
      '    <<: *fast\n    <<: *fast\n',
      '12:5: Cannot use tiers.slow.<<: it stands on line 11 already; leave one of the two out',
    ],
  ])('%j is told', (second, problem) => {
    expect(problemsOf(two(second).replace('  slow:', '  slow:'))).toContain(
      problem.replace('tiers.slow.<<', problem.includes('<<:') ? 'tiers.slow."<<"' : 'tiers.slow.<<'),
    )
  })

  it.each([
    ['values', (n: number) => `a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}, *a${n - 1}]\n`],
    ['merges', (n: number) => `a${n}: &a${n} { <<: [*a${n - 1}, *a${n - 1}, *a${n - 1}, *a${n - 1}] }\n`],
    ['a chain of merges', (n: number) => `a${n}: &a${n} { <<: *a${n - 1} }\n`],
  ])('%s that expand without end end in a problem, at once', (_, line) => {
    const bomb = `a0: &a0 { k: 1 }\n${Array.from({ length: 200 }, (__, index) => line(index + 1)).join('')}`
    expect(problemsOf(bomb).some(one => /expand to too many|nested too deeply/.test(one))).toBe(true)
  })
})
