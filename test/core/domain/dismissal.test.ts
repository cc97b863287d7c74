import { expect, it } from 'vitest'
import { formatDismissal, parseDismissal } from '../../../src/core/domain/dismissal.ts'

it.each([
  { comeBack: true, withinSeconds: undefined },
  { comeBack: false, withinSeconds: 0 },
])('comes back from its file as it was: %j', dismissal => {
  expect(parseDismissal(formatDismissal('fast-7-0', dismissal), 'fast-7-0')).toEqual(dismissal)
})

it.each([
  ['another run', formatDismissal('fast-7-1', { comeBack: false, withinSeconds: undefined })],
  ['a torn file', '{"version":1,"replica":"fast-7-0"'],
  ['a later version', formatDismissal('fast-7-0', { comeBack: false, withinSeconds: 1 }).replace('1', '2')],
  ['a time that cannot be', formatDismissal('fast-7-0', { comeBack: false, withinSeconds: -1 })],
])('asks nothing in %s', (_, text) => {
  expect(parseDismissal(text, 'fast-7-0')).toBeUndefined()
})
