import { expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { leftBehind } from '../../../src/programs/removal/left-behind.ts'
import { endpoint } from '../../support/endpoint.ts'

const job: JobView = {
  id: '4242',
  state: 'ended',
  stateText: 'CANCELLED',
  reason: 'None',
  restarts: 1,
  nodeList: '',
  name: 'llama-14b',
}
const left = (name: string, jobs: JobView[], complete = true) =>
  leftBehind(name, [{ ...endpoint, state: 'failed' }], { jobs, complete }).map(one => one.id)

it.each(['fast', '4242', 'fast-4242-1', 'fast-4242-1-0'])('is what %s means, once its job has ended', name => {
  expect(left(name, [job])).toEqual(['fast-4242-1-0'])
})

it('is nothing else', () => {
  expect(['slow', '424', 'fast-4242-0', 'fast-4242'].flatMap(name => left(name, [job]))).toEqual([])
})

it.each<[string, JobView[], boolean, number]>([
  ['has been forgotten', [], true, 1],
  ['is not in an answer that could not be read in full', [], false, 0],
  ['runs', [{ ...job, state: 'running' }], true, 0],
  ['is ending', [{ ...job, state: 'ending' }], true, 0],
  ['is in a state that we do not know', [{ ...job, state: 'unknown' }], true, 0],
  ['waits for its next run', [{ ...job, state: 'pending', restarts: 2 }], true, 1],
  ['is of an old answer', [{ ...job, restarts: 0 }], true, 0],
])('goes only where its run is over: its job %s', (_, jobs, complete, count) => {
  expect(left('fast', jobs, complete)).toHaveLength(count)
})
