import { describe, expect, it } from 'vitest'
import { whichJob } from '../../../src/core/explain/which-job.ts'

const names = {
  tiers: ['fast', 'reasoning'],
  jobs: [
    { tier: 'fast', id: '9' },
    { tier: 'fast', id: '10' },
    { tier: undefined, id: '4' },
    { tier: 'removed', id: '13' },
  ],
}

describe('the job that is meant', () => {
  it.each([
    ['9', { tier: 'fast', id: '9', restarts: undefined }],
    ['009', { tier: 'fast', id: '9', restarts: undefined }],
    ['fast', { tier: 'fast', id: '10', restarts: undefined }],
    ['fast-9-0', { tier: 'fast', id: '9', restarts: 0 }],
    ['fast-9-3-0', { tier: 'fast', id: '9', restarts: 3 }],
    ['4', { tier: undefined, id: '4', restarts: undefined }],
    ['reasoning-4-0', { tier: 'reasoning', id: '4', restarts: 0 }],
    ['13', { tier: 'removed', id: '13', restarts: undefined }],
    ['removed', { tier: 'removed', id: '13', restarts: undefined }],
    ['removed-13-0', { tier: 'removed', id: '13', restarts: 0 }],
    ['777', { tier: undefined, id: '777', restarts: undefined }],
    ['reasoning', undefined],
  ])('%s', (name, job) => {
    expect(whichJob(name, names)).toEqual(job)
  })

  it.each([
    ['fats', 'Cannot find tier, job or endpoint "fats": did you mean "fast"'],
    ['fats-9-0', 'Cannot find tier, job or endpoint "fats-9-0": did you mean "fast-9"'],
    ['reasoning-9-0', 'Cannot find "reasoning-9-0": job 9 is of tier "fast"'],
    ['../9', expect.stringContaining('Cannot find tier, job or endpoint "../9"')],
  ])('is no %s', (name, message) => {
    expect(() => whichJob(name, names)).toThrow(expect.objectContaining({ name: 'UserError', message }))
  })
})
