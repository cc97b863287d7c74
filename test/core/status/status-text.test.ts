import { expect, it } from 'vitest'
import type { ReplicaStatus, StatusReport } from '../../../src/core/status/status-report.ts'
import { statusLines, statusText } from '../../../src/core/status/status-text.ts'

const options = { time: (seconds: number) => `at ${seconds}`, leaseMs: 20_000 }
const ready: ReplicaStatus = {
  ...{ job: '7', restarts: 0, node: 'vasp-01' },
  slurm: { known: true, state: 'RUNNING', reason: null, queuedSince: null, expectedStart: null },
  endpoint: {
    ...{ id: 'fast-7-0-0', state: 'ready', url: null, models: [], since: '2026-01-31T12:00:00.123Z', message: null },
    routedBy: ['main'],
    load: { running: 2, waiting: 1, kv: 0.256, prefixHits: null },
    beatStillMs: 3_000,
  },
}
const waiting: ReplicaStatus = {
  ...{ job: '8', restarts: 0, node: null, endpoint: null },
  slurm: { known: true, state: 'PENDING', reason: 'Priority', queuedSince: 90, expectedStart: 99 },
}
const unknown: ReplicaStatus = {
  ...{ job: '9', restarts: 0, node: 'vasp-02' },
  slurm: { known: false, why: 'Slurm did not answer' },
  endpoint: {
    ...{ id: 'fast-9-0-0', state: 'draining', url: null, models: [], since: 'now', message: 'Draining:\n operator' },
    ...{ routedBy: null, load: null, beatStillMs: 25_400 },
  },
}
const report: StatusReport = {
  site: 'beefcake2',
  gateways: [{ name: 'main', generation: 3, routes: 1, beatStillMs: 400 }],
  tiers: [
    {
      ...{ name: 'fast', path: '/', url: 'http://login:8080', pending: 1, running: null, ready: 1, draining: 1 },
      replicas: [ready, waiting, unknown],
    },
    { ...{ name: 'old', path: null, url: null, pending: 0, running: 0, ready: 0, draining: 0 }, replicas: [] },
  ],
  problems: ['squeue: no'],
}

it('is a table for each tier', () => {
  expect(statusText(report, options)).toEqual([
    'beefcake2: gateway main generation 3, 1 routed',
    '',
    'fast (/): 1 pending, unknown running, 1 ready, 1 draining',
    '  http://login:8080',
    '  JOB  NODE     SLURM                                            ENDPOINT    STATE                      ROUTED BY  LOAD                           SINCE                 MESSAGE',
    '  7    vasp-01  RUNNING                                          fast-7-0-0  ready                      main       2 running, 1 waiting, KV 26 %  2026-01-31T12:00:00Z',
    '  8    –        PENDING (Priority), since at 90, expected at 99  –           –',
    '  9    vasp-02  unknown                                          fast-9-0-0  draining, silent for 25 s  unknown    –                              now                   Draining: operator',
    '',
    'old (not in the configuration): 0 pending, 0 running, 0 ready, 0 draining',
    '',
    'Problems:',
    '  squeue: no',
  ])
})

it('says where a tier is, which models it has, and why an endpoint is not routed', () => {
  if (ready.endpoint === null || ready.endpoint === 'unknown') throw new Error('No endpoint')
  const notRouted = ['not routed by main: Address 10.1.0.3 lies outside gateway.networks']
  const replicas = [{ ...ready, endpoint: { ...ready.endpoint, models: ['a', 'b'], routedBy: [], notRouted } }]
  const [tier] = report.tiers
  const lines = statusText(
    { ...report, tiers: tier === undefined ? [] : [{ ...tier, replicas }], problems: [] },
    options,
  )
  expect(lines[3]).toBe('  http://login:8080, models a, b')
  expect(lines.at(-1)).toMatch(/ {2}not routed by main: Address 10\.1\.0\.3 lies outside gateway\.networks$/)
})

it('says which build runs where, if it is not the same everywhere', () => {
  const builds = { ...report, gateways: (report.gateways ?? []).map(one => ({ ...one, build: '0.2.0-cccccccccccc' })) }
  const lines = statusText(builds, options)
  expect(lines.slice(lines.indexOf('Builds:'), lines.indexOf('Builds:') + 3)).toEqual([
    'Builds:',
    '  0.2.0-cccccccccccc: gateway main',
    '  an older Sluice: fast-7-0-0, fast-9-0-0',
  ])
})

it('shows which gateway has set an endpoint aside, and why', () => {
  if (ready.endpoint === null || ready.endpoint === 'unknown') throw new Error('No endpoint')
  const asideBy = [{ gateway: 'main', how: 'set aside' } as const, { gateway: 'second', how: 'on trial' } as const]
  const replicas = [{ ...ready, endpoint: { ...ready.endpoint, asideBy } }]
  const [tier] = report.tiers
  const lines = statusLines({ ...report, tiers: tier === undefined ? [] : [{ ...tier, replicas }] }, options)
  expect([...lines.values()]).toEqual([
    expect.stringContaining(
      '  ready, set aside by main: its answers fail, on trial at second: its answers failed  routed by main',
    ),
  ])
})

it.each([
  [null, 'gateways unknown'],
  [[], 'no gateway routes here'],
  [[{ name: 'main', generation: null, routes: null, beatStillMs: null }], 'gateway main unknown'],
  [
    [{ name: 'main', generation: 3, routes: 1, beatStillMs: 21_000 }],
    'gateway main generation 3, 1 routed, silent for 21 s',
  ],
])('of the gateways %j it says: %s', (gateways, words) => {
  expect(statusText({ ...report, gateways }, options)[0]).toBe(`beefcake2: ${words}`)
})

it.each([
  [{ running: 2, waiting: null, kv: null, prefixHits: null }, '2 running, – waiting'],
  [{ running: 0, waiting: 0, kv: 0, prefixHits: 0.618 }, '0 running, 0 waiting, KV 0 %, prefix hits 62 %'],
  [{ running: null, waiting: null, kv: null, prefixHits: null }, '–'],
])('shows the load %j as %s', (load, words) => {
  const endpoint = ready.endpoint === null || ready.endpoint === 'unknown' ? null : { ...ready.endpoint, load }
  const [tier] = report.tiers
  const shown = statusText({ ...report, tiers: tier ? [{ ...tier, replicas: [{ ...ready, endpoint }] }] : [] }, options)
  expect(shown.join('\n')).toContain(`  ${words}  `)
})

it('has one line for each replica where nothing can be redrawn, and none that only time changes', () => {
  const lines = [...statusLines(report, options).values()]
  expect(lines).toEqual([
    'fast  7  vasp-01  RUNNING  fast-7-0-0  ready  routed by main',
    'fast  8  –  PENDING (Priority), since at 90, expected at 99  –  –',
    'fast  9  vasp-02  unknown  fast-9-0-0  draining, silent  routed by unknown  Draining: operator',
  ])
})

it('says of a run that comes again that it is expected back', () => {
  const back = { ...waiting, restarts: 2 }
  const tiers = report.tiers.slice(0, 1).map(tier => ({ ...tier, replicas: [back] }))
  expect(statusText({ ...report, tiers }, options)[5]).toContain('PENDING (Priority), since at 90, expected back at 99')
})

it('says that it is a summary, whose, and how old', () => {
  const summary = { gateway: 'main', account: 'ai', writtenAt: 'then', ageMs: 3_400, isStale: false }
  const first = (isStale: boolean) => statusText({ ...report, summary: { ...summary, isStale } }, options)[0]
  expect(first(false)).toBe('summary by the updater of gateway main, 3 s old (ai sees more)')
  expect(first(true)).toMatch(/^STALE, no longer written: summary /)
})
