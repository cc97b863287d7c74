import { describe, expect, it } from 'vitest'
import { resolveName } from '../../../src/core/domain/resolve-name.ts'

const nine = { tier: 'fast', id: '9', restarts: 1 }
const four = { tier: undefined, id: '4' }
const names = { tiers: ['fast', 'reasoning'], jobs: [nine, four] }
const unnamed = { restarts: undefined, index: undefined }

describe('a name on the command line', () => {
  it.each([
    ['fast', { kind: 'tier', tier: 'fast', jobs: [nine] }],
    ['reasoning', { kind: 'tier', tier: 'reasoning', jobs: [] }],
    ['9', { kind: 'job', tier: 'fast', id: '9', ...unnamed, job: nine }],
    ['009', { kind: 'job', tier: 'fast', id: '9', ...unnamed, job: nine }],
    ['fast-9', { kind: 'job', tier: 'fast', id: '9', ...unnamed, job: nine }],
    ['fast-9-3-0', { kind: 'job', tier: 'fast', id: '9', restarts: 3, index: 0, job: nine }],
    ['reasoning-4-0', { kind: 'job', tier: 'reasoning', id: '4', restarts: 0, index: undefined, job: four }],
    ['777', { kind: 'job', tier: undefined, id: '777', ...unnamed, job: undefined }],
  ])('%s is resolved', (name, resolved) => {
    expect(resolveName(name, names)).toEqual(resolved)
  })

  it.each(['0', 'fast-', 'fast-9-', 'fast-9-1-0-0', 'Fast-9', 'none-9', '../9', '9.0', '', '12345678901'])(
    '"%s" is refused',
    name => {
      expect(() => resolveName(name, names)).toThrow(`Cannot find tier, job or endpoint "${name}": `)
    },
  )

  it('is refused where it has the tier of another job', () => {
    expect(() => resolveName('reasoning-9-1', names)).toThrow('Cannot find "reasoning-9-1": job 9 is of tier "fast"')
  })
})
