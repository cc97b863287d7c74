import { expect, it } from 'vitest'
import { jobsNamed } from '../../../src/core/domain/named-jobs.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'

const jobs = [
  { tier: 'fast', id: '7', restarts: 1 },
  { tier: 'fast', id: '8', restarts: 0 },
  { tier: 'reasoning', id: '9', restarts: 0 },
]
const names = { tiers: ['fast', 'reasoning', 'embed'], jobs }

it.each([
  ['fast', ['7', '8']],
  ['embed', []],
  ['7', ['7']],
  ['fast-7', ['7']],
  ['fast-7-1', ['7']],
  ['fast-7-1-0', ['7']],
])('%s means %j', (name, ids) => {
  expect(jobsNamed(name, names).map(job => job.id)).toEqual(ids)
})

it.each([
  ['fats', 'tier, job or endpoint "fats": did you mean "fast"'],
  ['fats-7-1', 'tier, job or endpoint "fats-7-1": did you mean "fast-7-1"'],
  [
    '123456',
    'tier, job or endpoint "123456": the tiers are "fast", "reasoning" or "embed", and sluice status shows the jobs',
  ],
  ['reasoning-7-1', '"reasoning-7-1": job 7 is of tier "fast"'],
  ['fast-7-0-0', '"fast-7-0-0": job 7 was requeued since, and is "fast-7-1" now; name that one'],
])('%s is refused', (name, words) => {
  expect(() => jobsNamed(name, names)).toThrow(new UserError(`Cannot find ${words}`))
})
