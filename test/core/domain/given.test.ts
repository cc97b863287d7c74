import { expect, it } from 'vitest'
import { given } from '../../../src/core/domain/given.ts'

it('keeps the properties that have a value, null and false too, and no name of the others', () => {
  expect(Object.entries(given({ a: 1, b: undefined, c: null, d: false }))).toEqual([
    ['a', 1],
    ['c', null],
    ['d', false],
  ])
})
