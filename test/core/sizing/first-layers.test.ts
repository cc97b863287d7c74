import { expect, it } from 'vitest'
import { firstLayersPattern } from '../../../src/core/sizing/first-layers.ts'

it.each([
  [1, 'blk\\.0\\.'],
  [4, 'blk\\.[0-3]\\.'],
  [10, 'blk\\.[0-9]\\.'],
  [11, 'blk\\.([0-9]|10)\\.'],
  [58, 'blk\\.([0-9]|[1-4][0-9]|5[0-7])\\.'],
  [80, 'blk\\.([0-9]|[1-7][0-9])\\.'],
])('of %d layers is %s', (count, pattern) => {
  expect(firstLayersPattern(count)).toBe(pattern)
})

it('matches the first layers, and no other', () => {
  const names = Array.from({ length: 200 }, (_, layer) => `blk.${layer}.ffn_up.weight`)
  const counted = Array.from({ length: 130 }, (_, index) => {
    const pattern = new RegExp(firstLayersPattern(index + 1))
    return names.map(name => pattern.test(name)).lastIndexOf(true) + 1 ===
      names.filter(name => pattern.test(name)).length
      ? names.filter(name => pattern.test(name)).length
      : -1
  })
  expect(counted).toEqual(Array.from({ length: 130 }, (_, index) => index + 1))
})
