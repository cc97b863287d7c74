import { expect, it } from 'vitest'
import { submissionComment, tierOfComment } from '../../../src/adapters/slurm/submission-comment.ts'

it('no two comments are equal', () => {
  const comments = Array.from({ length: 100 }, () => submissionComment('beefcake2', 'fast'))
  expect(new Set(comments).size).toBe(100)
  expect(comments[0]).toMatch(/^sluice:beefcake2:fast:[0-9a-f]{16}$/)
})

it('a comment tells the tier', () => {
  expect(tierOfComment(submissionComment('beefcake2', 'fast'), 'beefcake2')).toBe('fast')
})

it.each([
  undefined,
  '',
  'sluice',
  'sluice:other:fast:00',
  'Sluice:beefcake2:fast:00',
  'sluice:beefcake2:fast',
  'sluice:beefcake2:fast:0:0',
])('%j is no comment of the site', comment => {
  expect(tierOfComment(comment, 'beefcake2')).toBeUndefined()
})
