import { describe, expect, it } from 'vitest'
import { createLiveText } from '../../../src/core/domain/live-text.ts'

const key = 'd41d8cd98f00b204e9800998ecf8427e'

describe('what may be shown of a log that grows', () => {
  it('is whole lines, without a key wherever it comes in two', () => {
    const whole = `a ${key} b\n****${key.slice(-4)}\nc\n`
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const text = createLiveText()
      const pieces = [text.add(whole.slice(0, cut), [key]), text.add(whole.slice(cut), [key])]
      expect(pieces.join('')).toBe('a <site.key> b\n<site.key>\nc\n')
      expect(pieces.every(piece => piece === '' || piece.endsWith('\n'))).toBe(true)
    }
  })

  it('is all but the end of a line that does not end, in which a key may go on', () => {
    const filler = 'x'.repeat(64 * 1024 + 1)
    for (let cut = 0; cut <= key.length; cut += 1) {
      const text = createLiveText()
      const shown = [`${filler}${key.slice(0, cut)}`, `${key.slice(cut)} y\n`].map(piece => text.add(piece, [key]))
      expect(shown[0]?.length).toBeGreaterThan(64 * 1024 - key.length)
      expect(shown.join('')).toBe(`${filler}<site.key> y\n`)
    }
  })

  it('begins again with a whole line where something is left out', () => {
    const text = createLiveText()
    expect(text.add(`a\n${key.slice(0, 9)}`, [key])).toBe('a\n')
    text.skip()
    expect(text.add(key.slice(20), [key])).toBe('')
    expect(text.add(' rest\nb\n', [key])).toBe('b\n')
  })
})
