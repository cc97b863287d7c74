import { expect, it } from 'vitest'
import { sizeText } from '../../../src/core/domain/size-text.ts'
import { partNames } from '../../../src/core/domain/split-model.ts'
import { copyMessage, stagedPath } from '../../../src/core/domain/staging.ts'

const GIB = 2 ** 30

it.each([
  [{ from: '/shared', to: '/scratch' }, '/scratch/models/m.gguf', 'models/m.gguf'],
  [{ from: '/shared/', to: '/scratch/' }, '/scratch/models/m.gguf', 'models/m.gguf'],
  [{ from: '/shared/models', to: '/scratch/a' }, '/scratch/a/m.gguf', 'm.gguf'],
])('%j puts a model at %s', (stage, path, relative) => {
  expect(stagedPath(stage, '/shared/models/m.gguf')).toEqual({ path, relative })
})

it('a split model is all of its parts, by the name of any of them', () => {
  expect(partNames('a-00002-of-00002.gguf')).toEqual(['a-00001-of-00002.gguf', 'a-00002-of-00002.gguf'])
  expect(partNames('a.gguf')).toEqual(['a.gguf'])
})

it.each([
  [{ copied: 0, total: 41.2 * GIB, first: 0, elapsedMs: 0 }, 'Copying m.gguf to this node: 0 % of 41.2 GiB'],
  [
    { copied: 0.43 * 41.2 * GIB, total: 41.2 * GIB, first: 0, elapsedMs: 90_000 },
    'Copying m.gguf to this node: 43 % of 41.2 GiB, 2 min left',
  ],
  // What was there before has not been copied now.
  [
    { copied: 30 * GIB, total: 40 * GIB, first: 29 * GIB, elapsedMs: 5_000 },
    'Copying m.gguf to this node: 75 % of 40.0 GiB, 50 s left',
  ],
  [{ copied: 1, total: 4, first: 0, elapsedMs: 1_000 }, 'Copying m.gguf to this node: 25 % of 4 B'],
  [{ copied: 5, total: 10, first: 5, elapsedMs: 9_000 }, 'Copying m.gguf to this node: 50 % of 10 B'],
  [{ copied: 0, total: 0, first: 0, elapsedMs: 9_000 }, 'Copying m.gguf to this node: 100 % of 0 B'],
])('%j is told as %s', (progress, message) => {
  expect(copyMessage('m.gguf', progress)).toBe(message)
})

it.each([
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [5 * 2 ** 20, '5.0 MiB'],
  [3 * 2 ** 40, '3.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})
