import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { configSchema } from '../../../src/core/config/schema.ts'
import { EXAMPLE } from '../../support/example-config.ts'

/** The same numbers in every run (mulberry32), so that a failure can be repeated from its seed. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const PIECES = [
  ...'{}[]:,&*!|>@`"\'%#?-~\n\t\r\0 \\',
  ...[
    '<<: *a',
    '&a ',
    '*a',
    '__proto__: ',
    'constructor: ',
    '---\n',
    '...\n',
    '!!set ',
    '!!binary ',
    '!!js/function ',
    '.inf',
  ],
  ...[
    '.nan',
    '1e999',
    '0x',
    'null',
    'true',
    '? ',
    '- ',
    ': ',
    '\ufeff',
    '\ud800',
    '\u2028',
    '\u0085',
    '99999999999999999999',
  ],
  ...[
    '[[[[',
    '}}}}',
    '{ a: b }',
    '[1, 2]',
    'gateway:\n',
    'tiers:\n',
    'args: ',
    'env: ',
    'rpc: ',
    'nodes: 3',
    '%YAML 1.1\n',
  ],
]

function mutate(text: string, pick: (below: number) => number): string {
  const at = pick(text.length + 1)
  const length = pick(12)
  const lines = text.split('\n')
  switch (pick(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length)
    case 1:
      return text.slice(0, at) + (PIECES[pick(PIECES.length)] ?? '') + text.slice(at)
    case 2:
      return text.slice(0, at) + (PIECES[pick(PIECES.length)] ?? '') + text.slice(at + length)
    case 3:
      return text.slice(0, at)
    case 4:
      return lines.toSpliced(pick(lines.length), 0, lines[pick(lines.length)] ?? '').join('\n')
    default:
      // The value of a key becomes something else altogether.
      return text.replaceAll(/: [^\n{,}]+/g, value => (pick(20) === 0 ? `: ${PIECES[pick(PIECES.length)]}` : value))
  }
}

it('a damaged file gives a configuration or located problems, and never an exception', () => {
  const wrong: unknown[] = []
  const seen = { good: 0, bad: 0 }
  for (let seed = 1; seed <= 1500; seed++) {
    const pick = generator(seed)
    let text = EXAMPLE
    for (let round = pick(3); round >= 0; round--) text = mutate(text, pick)
    const lines = text.split('\n').length
    try {
      const { config, problems } = parseConfig(text, 'f')
      seen[config === undefined ? 'bad' : 'good'] += 1
      const isLocated = problems.every(({ line = 1, column = 1 }) => line >= 1 && line <= lines && column >= 1)
      const isSorted = problems.every(({ line = 0 }, index) => index === 0 || (problems[index - 1]?.line ?? 0) <= line)
      const isOneLine = problems.every(({ message, fix }) => !/\n/.test(message + fix))
      const isWhole = config === undefined ? problems.length > 0 : configSchema.safeParse(config).success
      if (!(isLocated && isSorted && isOneLine && isWhole)) wrong.push({ seed, problems })
    } catch (error) {
      wrong.push({ seed, error })
    }
  }
  expect(wrong).toEqual([])
  // Both ways are taken, or the mutations test nothing.
  expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(50)
})

it('junk of all sorts gives problems, and never an exception', () => {
  const wrong: unknown[] = []
  for (let seed = 1; seed <= 1000; seed++) {
    const pick = generator(seed)
    const junk = Array.from({ length: pick(60) }, () => PIECES[pick(PIECES.length)] ?? '').join('')
    try {
      if (parseConfig(junk, 'f').problems.length === 0) wrong.push({ seed, junk })
    } catch (error) {
      wrong.push({ seed, junk, error })
    }
  }
  expect(wrong).toEqual([])
})
