import { expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { Problem } from '../../../src/core/domain/problem.ts'
import type { GatewayRoutes } from '../../../src/core/domain/routes-file.ts'
import { previewRemoval, type RemovalEffects, removeJobs } from '../../../src/programs/removal/loop.ts'
import type { Manner } from '../../../src/programs/removal/plan-removal.ts'
import { endpoint } from '../../support/endpoint.ts'
import { runningJob as job } from '../../support/job.ts'
import { manualClock } from '../../support/manual-clock.ts'

const targets = [{ tier: 'fast', jobId: '4242', restarts: 1 }]

/** A site with one replica, played by the test; what is done to it and what is told are written down in order. */
function site(manner: Manner = 'drain') {
  const clock = manualClock()
  const did: string[] = []
  const logged: string[] = []
  const world = {
    job: job as JobView | undefined,
    silent: false,
    endpoints: [endpoint] as readonly Endpoint[],
    problems: [] as readonly Problem[],
    routes: () => new Map<string, GatewayRoutes>(),
    trouble: undefined as string | undefined,
    questions: 0,
  }
  const give = (words: string) => {
    did.push(words)
    return Promise.resolve(world.trouble)
  }
  const effects: RemovalEffects = {
    jobs: async () => {
      world.questions += 1
      return world.silent ? undefined : { jobs: world.job === undefined ? [] : [world.job], complete: true }
    },
    registry: async () => ({ endpoints: world.endpoints, problems: world.problems }),
    routes: async () => world.routes(),
    requestDrain: (replica, _, { requeue, withinSeconds }) => give(`ask ${replica} ${requeue} ${withinSeconds}`),
    cancel: id => give(`cancel ${id}`),
    requeue: id => give(`requeue ${id}`),
  }
  const abort = new AbortController()
  const start = (stillBeats?: ReadonlyMap<string, number>) =>
    removeJobs({
      ...(stillBeats === undefined ? {} : { stillBeats }),
      targets,
      manner,
      withinSeconds: 30,
      effects,
      log: (_, words) => logged.push(words),
      clock,
      signal: abort.signal,
    })
  return { clock, did, logged, world, effects, abort, start }
}

it('asks once, watches the drain without asking Slurm, and sees the job go', async () => {
  const { clock, did, logged, world, start } = site()
  const over = start()
  await clock.advance(0)
  world.endpoints = [{ ...endpoint, state: 'draining' }]
  await clock.advance(12_000)
  expect([did, world.questions]).toEqual([['ask fast-4242-1 false 30'], 1])
  world.endpoints = []
  world.job = { ...job, state: 'ended', stateText: 'CANCELLED' }
  await clock.advance(3_000)
  expect(await over).toEqual([{ target: targets[0], isDone: true, words: 'gone, CANCELLED' }])
  expect(logged).toEqual([
    'asking it to leave',
    'draining; no new requests, its answers are ending',
    'its engine has stopped, it is leaving',
    'gone, CANCELLED',
  ])
})

it('asks again when nothing has come of it for ten seconds: a signal can be lost', async () => {
  const { clock, did, start } = site()
  void start()
  await clock.advance(9_500)
  expect(did).toHaveLength(1)
  await clock.advance(2_000)
  expect(did).toEqual(['ask fast-4242-1 false 30', 'ask fast-4242-1 false 30'])
})

it('reports what went wrong, and tries again', async () => {
  const { clock, did, logged, world, start } = site()
  world.trouble = 'EIO'
  void start()
  await clock.advance(5_000)
  expect([did.length, logged]).toEqual([1, ['asking it to leave: EIO']])
  world.trouble = undefined
  world.endpoints = [{ ...endpoint, state: 'draining' }]
  await clock.advance(7_000)
  expect(logged.at(-1)).toBe('draining; no new requests, its answers are ending')
})

it('ends at once where a request cannot be written, as on a full share: no replica was asked', async () => {
  const { clock, did, world, effects, start } = site()
  effects.requestDrain = async () => Promise.reject(new Error('Cannot write "r.json": no space is left there (ENOSPC)'))
  const over = start()
  await clock.advance(0)
  const reason = 'Cannot write "r.json": no space is left there (ENOSPC)'
  expect(await over).toEqual([
    { target: targets[0], isDone: false, words: `asking it to leave: ${reason}`, notAsked: reason },
  ])
  expect([did, world.questions]).toEqual([[], 1])
})

it('a request that cannot be repeated was asked all the same', async () => {
  const { clock, effects, start } = site()
  const over = start()
  await clock.advance(0)
  effects.requestDrain = async () => Promise.reject(new Error('full'))
  await clock.advance(11_000)
  expect(await over).toEqual([{ target: targets[0], isDone: false, words: 'asked, no answer yet: full' }])
})

it('cancels the run that Slurm brings back when the job is to go for good', async () => {
  const { clock, did, world, start } = site()
  const over = start()
  await clock.advance(0)
  world.endpoints = []
  world.job = { ...job, state: 'pending', stateText: 'PENDING', restarts: 2 }
  await clock.advance(3_000)
  expect(did).toEqual(['ask fast-4242-1 false 30', 'cancel 4242'])
  world.job = undefined
  await clock.advance(3_000)
  expect(await over).toMatchObject([{ isDone: true, words: 'gone' }])
})

it('never cancels a replica whose file it cannot read', async () => {
  const { clock, did, logged, world, start } = site()
  world.endpoints = []
  world.problems = [{ file: '/shared/endpoints/fast-4242-1-0.json', message: 'Version 2 is newer' }]
  void start()
  await clock.advance(30_000)
  expect(did).toEqual(['ask fast-4242-1 false 30'])
  expect(logged.at(-1)).toBe('asked; its state cannot be read: Version 2 is newer')
})

it.each([
  ["another run's", '/shared/endpoints/fast-4242-0-0.json'],
  ["a tenth run's", '/shared/endpoints/fast-4242-10-0.json'],
  ["another job's", '/shared/endpoints/fast-42421-1-0.json'],
])('takes %s file that cannot be read for no sign of this one', async (_, file) => {
  const { clock, did, world, start } = site()
  world.endpoints = []
  world.problems = [{ file, message: 'Not JSON' }]
  void start()
  await clock.advance(0)
  expect(did).toEqual(['cancel 4242'])
})

it('names the gateway that holds it up, and that it is silent', async () => {
  const { clock, logged, world, start } = site()
  world.endpoints = [{ ...endpoint, state: 'draining' }]
  let beat = 1
  const routes = { version: 1, gateway: 'main', generation: 1, tiers: { fast: [endpoint.id] } } as const
  world.routes = () => new Map([['main', { ...routes, tiers: { fast: [endpoint.id] }, beat }]])
  void start()
  for (; beat < 10; beat += 1) await clock.advance(5_000)
  expect(logged.at(-1)).toBe('draining; gateway main still routes to it')
  await clock.advance(30_000)
  expect(logged.at(-1)).toBe(
    'draining; gateway main may still route to it, and is silent; it ends a minute after its last answer',
  )
})

it('says at once that a gateway is silent whose beat was seen to stand still', async () => {
  const { clock, logged, world, start } = site()
  world.endpoints = [{ ...endpoint, state: 'draining' }]
  const routes = { version: 1, gateway: 'main', generation: 1, beat: 7 } as const
  world.routes = () => new Map([['main', { ...routes, tiers: { fast: [endpoint.id] } }]])
  void start(new Map([['main', 7]]))
  await clock.advance(3_000)
  expect(logged.at(-1)).toContain('gateway main may still route to it, and is silent')
})

it('is done with a requeue when the next run is on', async () => {
  const { clock, did, world, start } = site('requeue')
  const over = start()
  await clock.advance(0)
  world.endpoints = []
  world.job = { ...job, state: 'pending', stateText: 'PENDING', restarts: 2 }
  await clock.advance(3_000)
  expect(did).toEqual(['ask fast-4242-1 true 30'])
  expect(await over).toMatchObject([{ isDone: true, words: 'requeued, PENDING' }])
})

it('takes a silent Slurm for no news', async () => {
  const { clock, did, world, abort, start } = site()
  world.silent = true
  const over = start()
  await clock.advance(60_000)
  expect(did).toEqual([])
  abort.abort()
  expect(await over).toMatchObject([{ isDone: false, words: 'waiting for an answer from Slurm' }])
})

it('does nothing in a dry run', async () => {
  const { did, effects } = site()
  expect(await previewRemoval({ targets, manner: 'drain', effects })).toMatchObject([{ words: 'asking it to leave' }])
  expect(did).toEqual([])
})
