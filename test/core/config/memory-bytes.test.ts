import { expect, it } from 'vitest'
import { memoryBytes } from '../../../src/core/config/memory-bytes.ts'

it.each([
  ['64G', 64 * 2 ** 30],
  ['2t', 2 * 2 ** 40],
  ['500M', 500 * 2 ** 20],
  ['4096', 4 * 2 ** 30],
  ['16k', 16_384],
  ['0', 0],
])('%s', (text, bytes) => {
  expect(memoryBytes(text)).toBe(bytes)
})
