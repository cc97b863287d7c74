import { expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { EngineKeys } from '../../../src/core/domain/engine-key.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { changedLines } from '../../../src/core/text/changed-lines.ts'
import { changesOf, describeLook, outcomeOf } from '../../../src/programs/updater/describe-look.ts'
import { lookOnce } from '../../../src/programs/updater/look-once.ts'
import { endpoint } from '../../support/endpoint.ts'
import { manualClock } from '../../support/manual-clock.ts'

const job: JobView = {
  ...{ id: '4242', state: 'running', stateText: 'RUNNING', reason: 'None', restarts: 1 },
  ...{ batchHost: 'vasp-02', nodeList: 'vasp-02', name: 'llama-14b' },
}
const second: Endpoint = { ...endpoint, id: 'fast-17-0-0', job: { ...endpoint.job, id: '17', restarts: 0 } }
const TIER = { name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 }

/** What nginx serves: these endpoints, the second of them set aside. */
const serving = (...ids: string[]): { model: GatewayModel; generation: number; keys: EngineKeys } => ({
  generation: 7,
  keys: {},
  model: {
    listen: 8080,
    tiers: [
      {
        ...TIER,
        servers: ids.map((id, at) => ({ id, address: '10.0.0.12', port: 8080, ...(at === 1 ? { backup: true } : {}) })),
      },
    ],
  },
})

interface World {
  readonly endpoints?: readonly Endpoint[]
  readonly jobs?: readonly JobView[] | 'silent'
  readonly running?: ReturnType<typeof serving> | 'none' | Error
  readonly routes?: readonly string[]
}

async function look({ endpoints = [endpoint], jobs = [job], running = 'none', routes = [] }: World) {
  const clock = manualClock()
  const looking = lookOnce({
    ...{ gatewayName: 'main', listen: 8080, tiers: [TIER], networks: ['10.0.0.0/24'], leaseMs: 20_000 },
    jobWords: { tierOfJob: () => 'fast', whyItWaits: one => ({ why: one.reason, isStuck: false }) },
    registry: {
      scan: async () => ({ endpoints, beats: new Map(), problems: [] }),
      routes: async () =>
        new Map([
          [
            'main',
            {
              version: 1,
              gateway: 'main',
              beat: 1,
              generation: 7,
              tiers: { fast: [...routes] },
              build: undefined,
              aside: undefined,
            },
          ],
        ]),
      keptKey: async () => undefined,
    },
    gateway: {
      running: async () => {
        if (running instanceof Error) throw running
        return running === 'none' ? undefined : running
      },
    },
    slurm: { jobs: async () => (jobs === 'silent' ? { message: 'squeue is silent' } : { jobs, complete: true }) },
    network: { resolve: async () => ['10.0.0.12'], ownAddresses: () => [] },
    ...{ clock, signal: new AbortController().signal },
  })
  await clock.advance(10)
  return looking
}

const described = async (world: World, before = 'a', after = before) => {
  const found = await look(world)
  const changes = changesOf(found, typeof found.running === 'object' ? changedLines(before, after) : undefined)
  return { lines: describeLook(found, changes, 'main'), outcome: outcomeOf(changes) }
}

it('finds nothing to change where nginx serves what is there', async () => {
  expect(await described({ running: serving('fast-4242-1-0') })).toEqual({
    outcome: 'nothing',
    lines: [
      'Gateway "main": its nginx runs generation 7; 1 tier in sluice.yaml',
      '',
      'endpoint       now     then',
      'fast-4242-1-0  routed  routed',
      '',
      'gateway.conf: the same',
      'Nothing would change',
    ],
  })
})

it('shows what would be routed and withdrawn, each with its reason, and the lines of nginx', async () => {
  const leaving: Endpoint = { ...endpoint, id: 'fast-18-0-0', job: { ...endpoint.job, id: '18', restarts: 0 } }
  const jobs: JobView[] = [job, { ...job, id: '18', restarts: 0, preemptTime: 1 }]
  const world = { endpoints: [endpoint, leaving, second], jobs, running: serving('fast-18-0-0', 'fast-9-0-0') }
  expect(await described(world, 'a\nb', 'a\nc')).toEqual({
    outcome: 'something',
    lines: [
      'Gateway "main": its nginx runs generation 7; 1 tier in sluice.yaml',
      '',
      'endpoint       now     then       why',
      'fast-17-0-0    -       -          Slurm has no job 17 of ours',
      'fast-18-0-0    routed  withdrawn  Job 18 is being preempted',
      'fast-4242-1-0  -       routed',
      'fast-9-0-0     routed  withdrawn  Gone: its file was removed',
      '',
      'gateway.conf: lines removed: 1, added: 1',
      '  - b',
      '  + c',
      'Would route fast-4242-1-0; withdraw fast-18-0-0, fast-9-0-0; reload nginx',
    ],
  })
})

it('withdraws nothing for what is not known, and adds nothing without Slurm', async () => {
  const world = { endpoints: [endpoint, second], jobs: 'silent', running: serving('fast-4242-1-0') } as const
  const { lines, outcome } = await described(world)
  expect(outcome).toBe('nothing')
  expect(lines).toContain('Not known: squeue is silent')
  expect(lines.find(line => line.startsWith('fast-17'))).toMatch(/ - +- +Node "vasp-02" cannot be resolved yet$/)
})

it('goes by the routes file where nginx does not say what it runs', async () => {
  const { lines } = await described({ running: new Error('Cannot tell'), routes: ['fast-4242-1-0'], jobs: [] })
  expect(lines.slice(0, 2)).toEqual([
    'Gateway "main": what its nginx runs is not known',
    'Not known: Cannot tell; the routes file says what it reaches',
  ])
  expect(lines.at(-1)).toBe('Would withdraw fast-4242-1-0')
})

it('does not take what nginx runs for the same where that is not known', async () => {
  const { lines, outcome } = await described({ running: new Error('Cannot tell'), routes: ['fast-4242-1-0'] })
  expect([outcome, lines.at(-1)]).toEqual(['unknown', 'Not known whether nginx would change'])
})

it('says that nginx would be started', async () => {
  expect((await described({ endpoints: [] })).lines).toEqual([
    'Gateway "main": its nginx does not run and would be started',
    '',
    'There are no endpoints',
    '',
    'Would start nginx',
  ])
})

it('leaves an endpoint that is set aside where it is', async () => {
  const running = serving('fast-17-0-0', 'fast-4242-1-0')
  const { plan } = await look({
    endpoints: [endpoint, second],
    jobs: [job, { ...job, id: '17', restarts: 0 }],
    running,
  })
  expect(plan.model.tiers[0]?.servers.map(({ id, backup }) => [id, backup])).toEqual([
    ['fast-17-0-0', undefined],
    ['fast-4242-1-0', true],
  ])
})
