import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { Waiting } from '../../../src/core/domain/gateway-model.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { createLoads } from '../../../src/programs/updater/loads.ts'
import { observeEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { type WaitingFacts, waitingOf } from '../../../src/programs/updater/waiting.ts'
import { endpoint } from '../../support/endpoint.ts'
import { pendingJob as job } from '../../support/job.ts'

const tier = { name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 }
const NOON = Date.parse('2026-01-31T12:00:00Z')

const loading: Endpoint = {
  ...endpoint,
  id: 'fast-17-0-0',
  state: 'loading',
  job: { ...endpoint.job, id: '17', restarts: 0 },
  since: '2026-01-31T11:58:03.123Z',
}
const at = (seconds: number) => NOON / 1_000 + seconds

function waiting(
  { jobs, endpoints = [], complete = true }: { jobs?: JobView[]; endpoints?: Endpoint[]; complete?: boolean },
  facts: Partial<WaitingFacts> = {},
): Waiting | undefined {
  return waitingOf(tier, {
    observed: observeEndpoints(new Map(), { endpoints, beats: new Map() }, 0, undefined),
    poll: jobs && { startedAt: 5, jobs: new Map(jobs.map(one => [one.id, one])), complete },
    jobs: {
      tierOfJob: ({ name }) => (name === 'other' ? 'slow' : 'fast'),
      whyItWaits: ({ reason }) => ({ why: `It waits: ${reason}`, isStuck: reason === 'JobHeldUser' }),
    },
    loadMs: () => undefined,
    before: undefined,
    now: new Date(NOON),
    ...facts,
  })
}

describe('what an empty tier answers to clients', () => {
  const running: JobView = { ...job, state: 'running', stateText: 'RUNNING', startTime: at(-60) }
  it.each<[string, Parameters<typeof waiting>[0], Waiting | undefined]>([
    ['nothing is known', {}, undefined],
    ['squeue could not be read in full', { jobs: [], complete: false }, undefined],
    ['there are jobs of other tiers', { jobs: [{ ...job, name: 'other' }] }, { kind: 'none' }],
    ['an engine loads, whatever Slurm says or does not', { endpoints: [loading] }, loadingWords()],
    [
      'an engine loads and a job waits',
      { endpoints: [loading], jobs: [running, { ...job, id: '18' }] },
      loadingWords(),
    ],
    ['a job runs and has said nothing', { jobs: [running] }, loadingWords('2026-01-31T11:59:00Z')],
    [
      'its time is no time',
      { endpoints: [{ ...loading, since: '/etc/passwd' }] },
      { kind: 'loading', job: '17', retryAfterSeconds: 10 },
    ],
    [
      'the file is of an earlier run',
      { endpoints: [loading], jobs: [{ ...job, restarts: 1 }] },
      { kind: 'queued', job: '17', why: 'It waits: Resources', retryAfterSeconds: 10 },
    ],
    ['the file is of a job that was cancelled', endedAs('CANCELLED'), { kind: 'none' }],
    ['… or failed', endedAs('FAILED'), { kind: 'failed', job: '17' }],
    ['… or ran out of time', endedAs('TIMEOUT'), { kind: 'failed', job: '17' }],
    ['… or is forgotten', { endpoints: [loading], jobs: [] }, { kind: 'none' }],
    [
      'an engine has failed, in a job that Slurm forgot',
      { endpoints: [{ ...loading, state: 'failed', message: '/secret/path' }], jobs: [] },
      { kind: 'failed', job: '17' },
    ],
    [
      'a failed job runs anew',
      { endpoints: [{ ...loading, state: 'failed' }], jobs: [{ ...running, restarts: 1 }] },
      loadingWords('2026-01-31T11:59:00Z'),
    ],
    [
      'an engine is ready',
      { endpoints: [{ ...loading, state: 'ready' }], jobs: [running] },
      { kind: 'unrouted', retryAfterSeconds: 10 },
    ],
    [
      'the last one drains',
      { endpoints: [{ ...loading, state: 'draining' }], jobs: [running] },
      { kind: 'leaving', retryAfterSeconds: 10 },
    ],
    [
      'of two jobs one has a start',
      { jobs: [job, { ...job, id: '18', startTime: at(90) }] },
      queuedWords({ job: '18', start: '2026-01-31T12:01:30Z', retryAfterSeconds: 90 }),
    ],
    [
      'its start is days away',
      { jobs: [{ ...job, startTime: at(200_000) }] },
      queuedWords({ start: '2026-02-02T19:33:20Z', retryAfterSeconds: 300 }),
    ],
    [
      'its start is over',
      { jobs: [{ ...job, startTime: at(-5) }] },
      queuedWords({ start: '2026-01-31T11:59:55Z', retryAfterSeconds: 10 }),
    ],
    [
      'it is held, and Slurm invents a start',
      { jobs: [{ ...job, reason: 'JobHeldUser', startTime: at(5) }] },
      queuedWords({ why: 'It waits: JobHeldUser', retryAfterSeconds: 300 }),
    ],
    [
      'the reason is not for nginx',
      { jobs: [{ ...job, reason: "$host\n' ü" }] },
      queuedWords({ why: "It waits:  host ' " + ' ' }),
    ],
  ])('where %s', (_, observed, words) => {
    expect(waiting(observed)).toEqual(words)
  })

  it('comes back after what the last load took, within bounds', () => {
    const seconds = (loadMs: number) => {
      const words = waiting({ endpoints: [loading] }, { loadMs: () => loadMs })
      return words?.kind === 'loading' && words.retryAfterSeconds
    }
    expect([100, 12_300, 900_000].map(seconds)).toEqual([2, 13, 60])
  })

  it('says the same as long as a load goes on, however often it says how far it is', () => {
    const before = waiting({ endpoints: [loading] })
    const later = { ...loading, since: '2026-01-31T12:04:00Z', message: '80 %' }
    expect(waiting({ endpoints: [later] }, { before, loadMs: () => 5_000 })).toBe(before)
    const other = { ...later, id: 'fast-18-0-0', job: { ...later.job, id: '18' } }
    expect(waiting({ endpoints: [other] }, { before })).toMatchObject({ job: '18', since: '2026-01-31T12:04:00Z' })
  })

  it('says the same as long as Slurm’s estimate is about the same', () => {
    const before = waiting({ jobs: [{ ...job, startTime: at(3_600) }] })
    const moved = (seconds: number) => waiting({ jobs: [{ ...job, startTime: at(seconds) }] }, { before })
    expect(moved(4_100)).toBe(before)
    expect(moved(4_300)).toMatchObject({ start: '2026-01-31T13:11:40Z' })
    expect(waiting({ jobs: [job] }, { before })).toEqual(queuedWords({}))
  })

  function loadingWords(since = '2026-01-31T11:58:03Z'): Waiting {
    return { kind: 'loading', job: '17', since, retryAfterSeconds: 10 }
  }
  function queuedWords(change: object): Waiting {
    return { kind: 'queued', job: '17', why: 'It waits: Resources', retryAfterSeconds: 10, ...change }
  }
  function endedAs(stateText: string) {
    return { endpoints: [loading], jobs: [{ ...job, state: 'ended', stateText } as const] }
  }
})

describe('what loads take', () => {
  it('is known once one was watched from the beginning to its end', () => {
    const loads = createLoads()
    const states = (now: number, ...endpoints: Endpoint[]) => {
      loads.note(observeEndpoints(new Map(), { endpoints, beats: new Map() }, now, undefined), now)
      return loads.lastMs('fast')
    }
    const as = (state: Endpoint['state']): Endpoint => ({ ...loading, state })
    expect(states(0, { ...loading, id: 'fast-9-0-0', state: 'ready' }, as('starting'))).toBeUndefined()
    expect(states(1_000, as('loading'))).toBeUndefined()
    expect(states(7_000, as('ready'))).toBe(7_000)
    expect(states(8_000, as('failed'))).toBe(7_000)
    expect(states(9_000, as('loading'))).toBe(7_000)
    expect(states(9_500)).toBe(7_000)
    expect(states(9_900, as('ready'))).toBe(7_000)
  })
})
