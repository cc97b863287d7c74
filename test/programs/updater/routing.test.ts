import { expect, it } from 'vitest'
import type { GatewayModel, GatewayServer } from '../../../src/core/domain/gateway-model.ts'
import type { RoutesFile } from '../../../src/core/domain/routes-file.ts'
import { createReporter } from '../../../src/programs/updater/reporter.ts'
import { createRouting } from '../../../src/programs/updater/routing.ts'
import { manualClock } from '../../support/manual-clock.ts'

const modelOf = (...servers: Partial<GatewayServer>[]): GatewayModel => ({
  listen: 8080,
  tiers: [
    {
      ...{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 },
      servers: servers.map((one, n) => ({ id: `fast-${n}-0-0`, address: '10.0.0.1', port: 9000 + n, ...one })),
    },
  ],
})

it('writes into routes/ which endpoints are set aside or on trial, and nothing where none is', async () => {
  const clock = manualClock()
  const written: RoutesFile[] = []
  let generation = 0
  const record = () => undefined
  const routing = createRouting({
    gatewayName: 'main',
    gateway: {
      running: async () => undefined,
      apply: async () => {
        generation += 1
        return { status: 'applied', generation, reloadMs: 1 }
      },
      endStreams: async () => ({ ended: 0 }),
    },
    registry: { routes: async () => new Map(), writeRoutes: async routes => void written.push(routes) },
    ...{ beatMs: 5_000, report: createReporter(record), record, clock, wake: record },
    signal: new AbortController().signal,
  })
  const last = async (model: GatewayModel) => {
    await clock.advance(2_000)
    await routing.bring(model, () => ({}))
    return written.at(-1)
  }
  expect(await last(modelOf({}, {}, {}))).not.toHaveProperty('aside')
  const count = written.length
  expect(await last(modelOf({ backup: true }, { trial: true }, {}))).toMatchObject({
    tiers: { fast: ['fast-0-0-0', 'fast-1-0-0', 'fast-2-0-0'] },
    aside: { 'fast-0-0-0': 'set aside', 'fast-1-0-0': 'on trial' },
  })
  expect(written).toHaveLength(count + 1)
  expect(await last(modelOf({}, {}, {}))).not.toHaveProperty('aside')
})

it.each([
  [undefined, false],
  [false, true],
])('a change of words alone waits, but not in one round: wordsRest %s', async (wordsRest, applies) => {
  const clock = manualClock()
  const applied: GatewayModel[] = []
  const record = () => undefined
  const routing = createRouting({
    gatewayName: 'main',
    gateway: {
      running: async () => ({ model: modelOf(), generation: 1, keys: {} }),
      apply: async model => {
        applied.push(model)
        return { status: 'applied', generation: 2, reloadMs: 1 }
      },
      endStreams: async () => ({ ended: 0 }),
    },
    registry: { routes: async () => new Map(), writeRoutes: async () => undefined },
    ...{ beatMs: 5_000, report: createReporter(record), record, clock, wake: record },
    ...(wordsRest === undefined ? {} : { wordsRest }),
    signal: new AbortController().signal,
  })
  const [tier] = modelOf().tiers
  if (tier === undefined) throw new Error('No tier')
  const model: GatewayModel = { ...modelOf(), tiers: [{ ...tier, waiting: { kind: 'none' } }] }
  await routing.recall()
  await routing.bring(model, () => ({}))
  expect(applied.includes(model)).toBe(applies)
})
