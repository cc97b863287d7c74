import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { hereDelimiter, sbatchArgument, shellWord } from '../../../src/core/job-script/quoting.ts'

describe('a word of a shell', () => {
  it('stays bare where nothing needs quotes', () => {
    expect(shellWord('/cluster/shared/sluice/current/node')).toBe('/cluster/shared/sluice/current/node')
  })

  it.each(['', 'a b', "it's", '$(id)', '`id`', '"', '\\', '*', '~', '#', 'a\nb', '!x', "'; id; '", 'ä', '&', '<x>'])(
    '%j comes back from bash as it was',
    text => {
      expect(spawnSync('bash', ['-c', `printf %s ${shellWord(text)}`]).stdout.toString()).toBe(text)
    },
  )

  it('NUL cannot be quoted', () => {
    expect(() => shellWord('a\0b')).toThrow('Cannot quote "a\\u0000b" for a shell: an argument cannot contain NUL')
  })
})

describe('an argument of an #SBATCH line', () => {
  it.each([
    ['llama-14b', 'llama-14b'],
    ['vasp-[01-03,07]', 'vasp-[01-03,07]'],
    ['USR2@120', 'USR2@120'],
    ['/logs/%x-%j.log', '/logs/%x-%j.log'],
    ['', '""'],
    ['a b', '"a b"'],
    ['a#b', '"a#b"'],
    ['a"b', '"a\\"b"'],
    ["it's", `"it's"`],
    ['a\\b', '"a\\\\b"'],
  ])('%j is written %s', (text, written) => {
    expect(sbatchArgument(text)).toBe(written)
  })

  it.each(['a\nb', 'a\rb', 'a\0b', '\t'])('%j is refused', text => {
    expect(() => sbatchArgument(text)).toThrow('for an #SBATCH line: it contains a control character; leave it out')
  })
})

it.each([
  ['{\n}', 'END'],
  ['xEND\nENDx', 'END'],
  ['a\nEND\nb', 'END_'],
  ['END\nEND_', 'END__'],
])('a here-document of %j ends with %s', (text, delimiter) => {
  expect(hereDelimiter(text, 'END')).toBe(delimiter)
})
