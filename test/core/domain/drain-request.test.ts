import { expect, it } from 'vitest'
import { formatDrainRequest, parseDrainRequest } from '../../../src/core/domain/drain-request.ts'

it.each([
  { requeue: true, withinSeconds: undefined },
  { requeue: false, withinSeconds: 0 },
])('comes back from its file as it was: %j', request => {
  expect(parseDrainRequest(formatDrainRequest('fast-7-0', request), 'fast-7-0')).toEqual(request)
})

it.each([
  ['another run', formatDrainRequest('fast-7-1', { requeue: false, withinSeconds: undefined })],
  ['a torn file', '{"version":1,"replica":"fast-7-0"'],
  ['a later version', formatDrainRequest('fast-7-0', { requeue: false, withinSeconds: 1 }).replace('1', '2')],
  ['a time that cannot be', formatDrainRequest('fast-7-0', { requeue: false, withinSeconds: -1 })],
])('asks nothing in %s', (_, text) => {
  expect(parseDrainRequest(text, 'fast-7-0')).toBeUndefined()
})
