import { expect, it } from 'vitest'
import { fitScreen } from '../../../src/core/text/fit-screen.ts'

it('cuts what is too long, and counts what has no room below', () => {
  const lines = ['first', 'a long second line', 'third', 'fourth']
  expect(fitScreen(lines, { columns: 80, rows: 24 })).toEqual(lines)
  expect(fitScreen(lines, { columns: 8, rows: 24 })).toEqual(['first', 'a long …', 'third', 'fourth'])
  expect(fitScreen(lines, { columns: 80, rows: 4 })).toEqual([
    'first',
    'a long second line',
    '… 2 more lines: use a higher screen, or sluice status without --watch',
  ])
})
