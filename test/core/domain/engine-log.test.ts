import { expect, it } from 'vitest'
import { START_LINE, sinceLastStart } from '../../../src/core/domain/engine-log.ts'

it.each([
  [['a', START_LINE, 'b', START_LINE, 'c'], ['c']],
  [['a', START_LINE], []],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
])('%s', (lines, last) => {
  expect(sinceLastStart(lines)).toEqual(last)
})
