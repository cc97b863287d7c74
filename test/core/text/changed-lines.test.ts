import { expect, it } from 'vitest'
import { changedLines } from '../../../src/core/text/changed-lines.ts'

it.each([
  ['a\nb\nc', 'a\nb\nc', []],
  ['a\nb\nc', 'a\nc', ['- b']],
  ['a\nc', 'a\nb\nc', ['+ b']],
  ['a\nb\nc', 'a\nx\nc', ['- b', '+ x']],
  ['a\nb\nc\nd\ne', 'a\nx\nc\ny\ne', ['- b', '+ x', '- d', '+ y']],
  ['', 'a\nb', ['- ', '+ a', '+ b']],
  ['a\na', 'a\na\na', ['+ a']],
])('of %j and %j it gives the lines that differ', (before, after, lines) => {
  expect(changedLines(before, after)).toEqual({
    lines,
    removed: lines.filter(line => line.startsWith('-')).length,
    added: lines.filter(line => line.startsWith('+')).length,
  })
})

it('of two long texts with nothing in common it gives all lines, and does not take long', () => {
  const text = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word}${line}`).join('\n')
  expect(changedLines(text('a'), text('b'))).toMatchObject({ removed: 20_000, added: 20_000 })
})
