import { expect, it } from 'vitest'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { createUpdater } from '../../../src/programs/updater/loop.ts'
import { endpoint } from '../../support/endpoint.ts'
import { manualClock } from '../../support/manual-clock.ts'

it('routes to loopback and on no other address, and asks nothing about jobs', async () => {
  const clock = manualClock()
  const stopped = new AbortController()
  const models: GatewayModel[] = []
  const local = {
    ...endpoint,
    id: 'fast-7-0-0',
    url: 'http://127.0.0.1:40000',
    job: { ...endpoint.job, id: '7', restarts: 0 },
  }
  const over = createUpdater({
    ...{ gatewayName: 'up_main', listen: 8080, networks: ['127.0.0.0/8'] },
    tiers: [{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 }],
    ...{ scanMs: 1_000, squeueMs: 15_000, beatMs: 5_000, leaseMs: 20_000 },
    jobWords: { tierOfJob: () => undefined, whyItWaits: () => ({ why: '', isStuck: false }) },
    alive: () => {},
    registry: {
      scan: async () => ({ endpoints: [endpoint, local], beats: new Map(), problems: [] }),
      remove: async () => {},
      removeExpired: async () => 0,
      routes: async () => new Map(),
      keptKey: async () => undefined,
      writeRoutes: async () => {},
    },
    gateway: {
      running: async () => undefined,
      apply: async model => {
        models.push(model)
        return { status: 'applied', generation: models.length, reloadMs: 1 }
      },
      endStreams: async () => ({ ended: 0 }),
    },
    slurm: undefined,
    network: { resolve: async () => undefined, connects: async () => true, ownAddresses: () => ['127.0.0.1'] },
    record: () => {},
    ...{ clock, random: () => 0.5, signal: stopped.signal },
  }).run()
  await clock.advance(120_000)
  expect(models.at(-1)?.tiers[0]?.servers).toEqual([{ id: 'fast-7-0-0', address: '127.0.0.1', port: 40_000 }])
  stopped.abort()
  await clock.advance(0)
  await over
})
