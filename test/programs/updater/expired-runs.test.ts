import { expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import {
  type Absences,
  countAbsences,
  EXPIRED_AFTER_MS,
  expiredRunIds,
} from '../../../src/programs/updater/expired-runs.ts'
import { observeEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { endpoint } from '../../support/endpoint.ts'

const observed = observeEndpoints(new Map(), { endpoints: [endpoint], beats: new Map() }, 0, undefined)
const silent = (startedAt: number, complete = true) => ({ startedAt, complete, jobs: new Map() })

it('forgets a job only after an hour of polls that agree, not of polls that failed', () => {
  let absences: Absences = countAbsences(new Map(), observed, silent(0), 0)
  expect([...absences]).toEqual([]) // the poll began before the file was seen
  absences = countAbsences(absences, observed, silent(1), 1)
  expect([...absences]).toEqual([['fast-4242-1-0', 0]])
  absences = countAbsences(absences, observed, silent(2), EXPIRED_AFTER_MS - 1)
  expect(expiredRunIds(absences)).toEqual([])
  absences = countAbsences(absences, observed, silent(3, false), EXPIRED_AFTER_MS) // could not be read in full
  absences = countAbsences(absences, observed, silent(4), 0) // follows a poll that failed
  expect(expiredRunIds(absences)).toEqual([])
  expect(expiredRunIds(countAbsences(absences, observed, silent(5), 1))).toEqual(['fast-4242-1-0'])
})

it('counts the copy that a requeue has left behind, and no other', () => {
  const job = { id: '4242', state: 'running', stateText: 'RUNNING', reason: '', nodeList: '', name: '' } as const
  const poll = (restarts: number) => ({ startedAt: 1, complete: true, jobs: new Map([['4242', { ...job, restarts }]]) })
  expect([...countAbsences(new Map(), observed, poll(1), 0)]).toEqual([])
  expect([...countAbsences(new Map(), observed, poll(2), 0)]).toEqual([['fast-4242-1-0', 0]])
})

it('counts a job that has ended, which some sites remember for ever', () => {
  const job = { id: '4242', reason: '', nodeList: '', name: '' } as const
  const count = (state: JobView['state'], restarts: number) =>
    countAbsences(
      ...([new Map(), observed] as const),
      { startedAt: 1, complete: true, jobs: new Map([['4242', { ...job, state, stateText: state, restarts }]]) },
      0,
    ).size
  expect([count('ended', 1), count('ending', 1), count('unknown', 1), count('ended', 0)]).toEqual([1, 0, 0, 0])
})
