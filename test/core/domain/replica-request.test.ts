import { expect, it } from 'vitest'
import { formatRequest, parseRequest, type ReplicaRequest } from '../../../src/core/domain/replica-request.ts'

const drain: ReplicaRequest = { kind: 'drain', requeue: false, withinSeconds: undefined }
/** As a replica of before there were kinds reads it, and as an operator of then wrote it. */
const older = { version: 1, replica: 'fast-7-0', comeBack: true, withinSeconds: 60 }

it.each<ReplicaRequest>([
  { kind: 'drain', requeue: true, withinSeconds: undefined },
  { kind: 'drain', requeue: false, withinSeconds: 0 },
])('comes back from its file as it was: %j', request => {
  expect(parseRequest(formatRequest('fast-7-0', request), 'fast-7-0')).toEqual({ request })
})

it('is a drain where the file has no kind', () => {
  const request = { kind: 'drain', requeue: true, withinSeconds: 60 }
  expect(parseRequest(JSON.stringify(older), 'fast-7-0')).toEqual({ request })
})

it('has all that a replica of before there were kinds looks for', () => {
  const written = JSON.parse(formatRequest('fast-7-0', { kind: 'drain', requeue: true, withinSeconds: 60 }))
  expect(written).toEqual({ ...older, kind: 'drain' })
})

it('of another kind is a problem that names it, whatever else it has', () => {
  for (const rest of [{}, older]) {
    const text = JSON.stringify({ version: 1, replica: 'fast-7-0', ...rest, kind: 'reload' })
    expect(parseRequest(text, 'fast-7-0')).toEqual({
      problem: 'It is a request of the kind "reload"; this sluice knows "drain"',
    })
  }
})

it('of a later version is a problem that names it, whatever else it has', () => {
  for (const text of ['{"version":2}', formatRequest('fast-7-0', drain).replace('1', '2')])
    expect(parseRequest(text, 'fast-7-0')).toEqual({ problem: 'Version 2 is newer than this sluice understands (1)' })
})

it.each([
  ['another run', formatRequest('fast-7-1', drain)],
  ['a torn file', '{"version":1,"replica":"fast-7-0"'],
  ['a time that cannot be', formatRequest('fast-7-0', { ...drain, withinSeconds: -1 })],
  ['a kind that is not text', JSON.stringify({ ...older, kind: 1 })],
])('asks nothing in %s', (_, text) => {
  expect(parseRequest(text, 'fast-7-0')).toEqual({ problem: 'Not a request to this replica' })
})
