import { describe, expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { observeEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { proveOwnership, unasked } from '../../../src/programs/updater/ownership.ts'
import type { Poll } from '../../../src/programs/updater/routability.ts'
import { endpoint } from '../../support/endpoint.ts'
import { runningJob as job } from '../../support/job.ts'

const { batchHost: _, ...withoutHost } = job
const pollOf = (startedAt: number, ...jobs: JobView[]): Poll => ({
  ...{ startedAt, complete: true },
  jobs: new Map(jobs.map(one => [one.id, one])),
})
const REFUTED = { kind: 'refuted', reason: 'Job 4242 runs on "login-node", not on "vasp-02"' }

describe('whose an endpoint is', () => {
  it.each<[string, Poll | undefined, object]>([
    ['before any poll', undefined, { kind: 'unproven' }],
    ['of a job that squeue does not list as ours', pollOf(5), { kind: 'unproven' }],
    ['of the very run, on its node', pollOf(5, job), { kind: 'proven' }],
    ['of the very run, on another node', pollOf(5, { ...job, batchHost: 'login-node' }), REFUTED],
    ['of an earlier run', pollOf(5, { ...job, restarts: 0 }), { kind: 'unproven' }],
    [
      'of a later run on another node',
      pollOf(5, { ...job, restarts: 2, batchHost: 'login-node' }),
      { kind: 'unproven' },
    ],
    ['of a run without a node yet', pollOf(5, withoutHost), { kind: 'unproven' }],
  ])('%s', (_what, poll, expected) => {
    expect(proveOwnership(endpoint, poll)).toEqual(expected)
  })
})

describe('Slurm is asked at once', () => {
  const observed = observeEndpoints(new Map(), { endpoints: [endpoint], beats: new Map() }, 10, undefined)
  it.each<[string, Poll | undefined, string[]]>([
    ['before any poll', undefined, [endpoint.id]],
    ['where the last poll began before it was seen', pollOf(9), [endpoint.id]],
    ['where it began in the same moment', pollOf(10), [endpoint.id]],
    ['not again where it began later', pollOf(11), []],
    ['not where an older poll proves it', pollOf(9, job), []],
    ['not where an older poll refutes it', pollOf(9, { ...job, batchHost: 'login-node' }), []],
  ])('%s', (_what, poll, ids) => {
    expect(unasked(observed, poll)).toEqual(ids)
  })
})
