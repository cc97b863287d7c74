import { describe, expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { Load } from '../../../src/core/domain/load.ts'
import type { RoutesFile } from '../../../src/core/domain/routes-file.ts'
import { reportStatus, type StatusFacts } from '../../../src/core/status/status.ts'
import { endpoint } from '../../support/endpoint.ts'
import { pendingJob, runningJob } from '../../support/job.ts'

const running = runningJob
const pending: JobView = { ...pendingJob, id: '4243', submitTime: 900, startTime: 1_000 }
const load: Load = { running: 2, waiting: null, kv: 0.5, prefixHits: null }
const routes: RoutesFile = { version: 1, gateway: 'main', beat: 7, generation: 3, tiers: { fast: [endpoint.id] } }
const facts: StatusFacts = {
  site: 'beefcake2',
  tiers: [{ name: 'fast', path: '/', url: 'http://login:8080' }],
  jobs: { value: { jobs: [running, pending].map(job => ({ tier: 'fast', job })), complete: true } },
  registry: {
    value: {
      endpoints: [endpoint],
      beats: new Map([['fast-4242-1', { version: 1, beat: 9, endpoints: { [endpoint.id]: load } }]]),
      problems: [],
    },
  },
  routes: { value: new Map([['main', routes]]) },
  stillMs: new Map([['main', 400]]),
}

const replicasOf = (changes: Partial<StatusFacts>) => reportStatus({ ...facts, ...changes }).tiers[0]?.replicas
const jobs = (...views: JobView[]) => ({
  jobs: { value: { jobs: views.map(job => ({ tier: 'fast', job })), complete: true } },
})

it('joins what Slurm, the registry and the gateways say', () => {
  const { id, url, models, since } = endpoint
  expect(reportStatus(facts)).toEqual({
    site: 'beefcake2',
    gateways: [{ name: 'main', generation: 3, routes: 1, beatStillMs: 400 }],
    tiers: [
      {
        ...{ name: 'fast', path: '/', url: 'http://login:8080', pending: 1, running: 1, ready: 1, draining: 0 },
        replicas: [
          {
            ...{ job: '4242', restarts: 1, node: 'vasp-02' },
            slurm: { known: true, state: 'RUNNING', reason: null, queuedSince: null, expectedStart: null },
            endpoint: {
              ...{ id, state: 'ready', url, models, since, message: null },
              routedBy: ['main'],
              load,
              beatStillMs: null,
            },
          },
          {
            ...{ job: '4243', restarts: 0, node: null, endpoint: null },
            slurm: { known: true, state: 'PENDING', reason: 'Resources', queuedSince: 900, expectedStart: 1_000 },
          },
        ],
      },
    ],
    problems: [],
  })
})

it('says nothing of a number of replicas that is wanted: nobody acts on it', () => {
  expect(JSON.stringify(reportStatus(facts))).not.toContain('wanted')
})

it('tells which gateways have set an endpoint aside', () => {
  const value = new Map([
    ['main', { ...routes, aside: { [endpoint.id]: 'set aside' as const } }],
    ['second', { ...routes, aside: { [endpoint.id]: 'on trial' as const } }],
    ['third', { ...routes, aside: { 'fast-1-0-0': 'set aside' as const } }],
  ])
  expect(replicasOf({ routes: { value } })?.[0]?.endpoint).toMatchObject({
    asideBy: [
      { gateway: 'main', how: 'set aside' },
      { gateway: 'second', how: 'on trial' },
    ],
  })
  expect(replicasOf({})?.[0]?.endpoint).not.toHaveProperty('asideBy')
})

describe('unknown is not none', () => {
  it('of a silent Slurm only the endpoints are told, and nothing is counted', () => {
    const report = reportStatus({ ...facts, jobs: { unknown: 'Cannot run squeue: no answer within 20 s' } })
    expect(report.tiers[0]).toMatchObject({ pending: null, running: null, ready: 1 })
    expect(report.tiers[0]?.replicas.map(one => one.slurm)).toEqual([{ known: false, why: 'Slurm did not answer' }])
    expect(report.problems).toEqual(['Cannot run squeue: no answer within 20 s'])
  })

  it('of a silent registry the jobs are told, and whether they have endpoints is not', () => {
    const report = reportStatus({ ...facts, registry: { unknown: 'Cannot read the registry: EIO' } })
    expect(report.tiers[0]).toMatchObject({ pending: 1, running: 1, ready: null, draining: null })
    expect(report.tiers[0]?.replicas.map(one => one.endpoint)).toEqual(['unknown', 'unknown'])
  })

  it('routes that cannot be read, or understood, may name anything', () => {
    const unread = replicasOf({ routes: { unknown: 'Cannot read the routes: EIO' } })
    const torn = replicasOf({ routes: { value: new Map([['main', { problem: 'Not JSON' }]]) } })
    for (const one of [unread, torn]) expect(one?.[0]).toMatchObject({ endpoint: { routedBy: null } })
    expect(reportStatus({ ...facts, routes: { value: new Map([['main', { problem: 'Not JSON' }]]) } })).toMatchObject({
      gateways: [{ name: 'main', generation: null, routes: null }],
      problems: ['routes/main.json: Not JSON, so it may name any endpoint'],
    })
  })

  it('an answer of which a part could not be read does not say that a job is gone', () => {
    const partly = { jobs: { value: { jobs: [], complete: false } } }
    expect(replicasOf(partly)?.[0]?.slurm).toMatchObject({ known: false })
    expect(replicasOf(jobs())?.[0]?.slurm).toMatchObject({ known: true, state: 'no such job' })
  })
})

describe('an endpoint and its job', () => {
  it.each([
    ['an answer from before this run', 0, { known: false, why: "Slurm's answer is older than this run" }],
    [
      'a later run',
      2,
      { known: true, state: 'old copy, the job is at run 2', reason: null, queuedSince: null, expectedStart: null },
    ],
  ])('of %s are not taken for each other', (_, restarts, slurm) => {
    const replicas = replicasOf(jobs({ ...running, restarts }))
    expect(replicas?.find(one => one.endpoint !== null)).toMatchObject({ restarts: 1, slurm })
    expect(replicas?.find(one => one.endpoint === null)).toMatchObject({ restarts, slurm: { state: 'RUNNING' } })
  })

  it('show a preemption', () => {
    expect(replicasOf(jobs({ ...running, preemptTime: 5 }))?.[0]?.slurm).toMatchObject({
      state: 'RUNNING, being preempted',
    })
  })

  it.each([
    ['ended', { ...running, state: 'ended', stateText: 'FAILED' } as const, 'Its job has ended: FAILED'],
    ['been requeued', { ...running, restarts: 2 }, 'Its job was requeued and is at run 2'],
    ['gone', undefined, 'Slurm no longer has this job'],
  ])('whose job has %s is not ready, whatever its file says', (_, job, message) => {
    const [tier] = reportStatus({ ...facts, ...jobs(...(job === undefined ? [] : [job])) }).tiers
    expect(tier?.ready).toBe(0)
    expect(tier?.replicas.find(one => one.endpoint !== null)?.endpoint).toMatchObject({ state: 'over', message })
  })

  it('that no gateway routes to says why, in the words of the updater', () => {
    const said = new Map([['main', new Map([[endpoint.id, 'Not routed: Node "vasp-02" cannot be resolved yet']])]])
    expect(replicasOf({ routabilities: said })?.[0]?.endpoint).toMatchObject({
      notRouted: ['not routed by main: Node "vasp-02" cannot be resolved yet'],
    })
    const routed = new Map([['main', new Map([[endpoint.id, 'Routed']])]])
    expect(replicasOf({ routabilities: routed })?.[0]?.endpoint).not.toHaveProperty('notRouted')
  })

  it('that is held has no start to expect', () => {
    const start = (reason: string) => replicasOf(jobs({ ...pending, reason }))?.find(one => one.job === '4243')?.slurm
    expect(start('JobHeldUser')).toMatchObject({ expectedStart: null })
    expect(start('PartitionTimeLimit')).toMatchObject({ expectedStart: null })
    expect(start('Priority')).toMatchObject({ expectedStart: 1_000 })
  })

  it('that has ended is shown for its file alone', () => {
    const ended = { ...running, state: 'ended', stateText: 'FAILED', reason: 'NonZeroExitCode' } as const
    expect(replicasOf(jobs(ended, { ...ended, id: '4000' }))).toMatchObject([
      { job: '4242', slurm: { state: 'FAILED', reason: 'NonZeroExitCode' } },
    ])
  })
})

it('shows tiers that are not configured as long as something of theirs is there', () => {
  const old = { ...endpoint, tier: 'old', id: 'old-7-0-0', job: { ...endpoint.job, id: '7', restarts: 0 } }
  const report = reportStatus({
    ...facts,
    registry: { value: { endpoints: [old], beats: new Map(), problems: [{ file: 'x.json', message: 'Empty file' }] } },
  })
  expect(report.tiers.map(({ name, path, url }) => [name, path, url])).toEqual([
    ['fast', '/', 'http://login:8080'],
    ['old', null, null],
  ])
  expect(report.problems).toEqual(['x.json: Empty file'])
})

it('tells of a job that Slurm holds since its launch failed, and what to do about it', () => {
  const held = { ...pending, reason: 'launch failed requeued held' }
  const hold = { ...pending, id: '4244', reason: 'JobHeldAdmin' }
  expect(reportStatus({ ...facts, ...jobs(held, hold) }).problems).toEqual([
    expect.stringMatching(
      /^Job 4243 \(fast\): Slurm holds it, because a node could not launch it\. .*: scontrol release 4243$/,
    ),
  ])
})

it('takes a job whose comment was overwritten for what its endpoint names', () => {
  const others = { jobs: { value: { jobs: [], others: [running, { ...running, id: '1' }], complete: true } } }
  expect(replicasOf(others)).toMatchObject([{ job: '4242', slurm: { state: 'RUNNING' }, endpoint: { state: 'ready' } }])
})
