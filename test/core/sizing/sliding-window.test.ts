import { expect, it } from 'vitest'
import { slidingWindow } from '../../../src/core/sizing/sliding-window.ts'

const text = (slides: readonly boolean[]) => slides.map(one => (one ? 's' : 'F')).join('')

it.each([
  ['gemma3', 1024, undefined, 'sssssFsssssF'],
  ['gpt-oss', 128, undefined, 'sFsFsFsFsFsF'],
  ['gemma2', 4096, undefined, 'sFsFsFsFsFsF'],
  ['smallthinker', 4096, undefined, 'FsssFsssFsss'],
  ['llama4', undefined, undefined, 'sssFsssFsssF'],
  ['cohere2', 4096, 3, 'ssFssFssFssF'],
  ['gemma4', 512, [true, false, true], 'sFs'],
  ['new', 512, 4, 'sssFsssFsssF'],
])('of %s with %s tokens and the pattern %j', (architecture, tokens, pattern, slides) => {
  const window = slidingWindow({ architecture, layers: 12, tokens, pattern })
  expect(typeof window === 'object' && { ...window, slides: text(window.slides) }).toEqual({
    tokens: tokens ?? 8192,
    slides,
  })
})

it.each([
  ['llama', undefined, undefined],
  ['llama', 4096, undefined],
  ['phi3', 2047, undefined],
  ['gemma3', 0, undefined],
  ['llama4', 0, undefined],
  ['new', 512, 1],
])('%s with %s tokens has none', (architecture, tokens, pattern) => {
  expect(slidingWindow({ architecture, layers: 12, tokens, pattern })).toBeUndefined()
})

it('of an architecture that nobody knows is not known', () => {
  expect(slidingWindow({ architecture: 'new', layers: 12, tokens: 512, pattern: undefined })).toBe('unknown')
})

it('gemma2 has one of 4096 tokens where its file does not say it', () => {
  expect(slidingWindow({ architecture: 'gemma2', layers: 4, tokens: undefined, pattern: undefined })).toEqual({
    tokens: 4096,
    slides: [true, false, true, false],
  })
})
