import { describe, expect, it } from 'vitest'
import { rangesOf } from '../../../src/core/domain/address.ts'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { observeEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { idsOf, planGateway, tierChanges, union, withoutAdditions } from '../../../src/programs/updater/plan-gateway.ts'
import { endpoint } from '../../support/endpoint.ts'

const staticPart = {
  listen: 8080,
  tiers: [
    { name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 },
    { name: 'reasoning', path: '/reasoning/', port: 8081, readTimeoutSeconds: 600, retryAfterSeconds: 10 },
  ],
}
const around = {
  poll: undefined,
  connects: () => undefined,
  addressesOf: () => ['10.0.0.11', '10.0.0.12'],
  knowsKey: () => true,
  isRouted: () => true,
  networks: rangesOf(['10.0.0.0/24']),
  ownAddresses: [],
  ownListens: [],
  loopbackOnly: false,
  leaseMs: 20_000,
}
const other = {
  ...endpoint,
  id: 'fast-17-0-0',
  url: 'http://10.0.0.11:9000',
  job: { ...endpoint.job, id: '17', restarts: 0 },
}
const loading = {
  ...endpoint,
  id: 'fast-18-0-0',
  state: 'loading' as const,
  job: { ...endpoint.job, id: '18', restarts: 0 },
}
const observed = observeEndpoints(new Map(), { endpoints: [endpoint, other, loading], beats: new Map() }, 0, undefined)

describe('planGateway', () => {
  it('gives each tier its routed servers, sorted, and keeps tiers that nobody serves', () => {
    const { model, routabilities } = planGateway(staticPart, observed, around)
    expect(model).toEqual({
      listen: 8080,
      tiers: [
        {
          ...staticPart.tiers[0],
          servers: [
            { id: 'fast-17-0-0', address: '10.0.0.11', port: 9000 },
            { id: 'fast-4242-1-0', address: '10.0.0.12', port: 8080 },
          ],
        },
        { ...staticPart.tiers[1], servers: [] },
      ],
    })
    expect(routabilities.get('fast-18-0-0')).toEqual({ routed: false, reason: 'Its file says loading' })
  })

  it('tells each server from others by the key that it asks for', () => {
    const keyed = { ...other, key: '0123456789abcdef' }
    const { model } = planGateway(
      staticPart,
      observeEndpoints(new Map(), { endpoints: [endpoint, keyed], beats: new Map() }, 0, undefined),
      around,
    )
    expect(model.tiers[0]?.servers).toEqual([
      { id: 'fast-17-0-0', address: '10.0.0.11', port: 9000, key: '0123456789abcdef' },
      { id: 'fast-4242-1-0', address: '10.0.0.12', port: 8080 },
    ])
  })

  it('plans the same model whatever the order of the scan', () => {
    const reversed = new Map([...observed].reverse())
    expect(planGateway(staticPart, reversed, around).model).toEqual(planGateway(staticPart, observed, around).model)
  })
})

describe('an endpoint whose health alone is bad', () => {
  const ids = (...endpoints: Endpoint[]) =>
    idsOf(
      planGateway(staticPart, observeEndpoints(new Map(), { endpoints, beats: new Map() }, 0, undefined), around).model,
    )['fast']
  const unwell = { ...other, unwell: true, message: 'Unwell: HTTP 500' }

  it('gives its requests to others, and says why', () => {
    const both = observeEndpoints(new Map(), { endpoints: [endpoint, unwell], beats: new Map() }, 0, undefined)
    expect(ids(endpoint, unwell)).toEqual([endpoint.id])
    expect(planGateway(staticPart, both, around).routabilities.get(unwell.id)).toEqual({
      routed: false,
      reason: 'Unwell: HTTP 500',
    })
  })

  it('is never withdrawn as the last one, nor are all that are unwell', () => {
    expect(ids(unwell)).toEqual([unwell.id])
    expect(ids(loading, unwell)).toEqual([unwell.id])
    expect(ids({ ...endpoint, unwell: true }, unwell)).toEqual([unwell.id, endpoint.id])
  })

  it('stays where the other may be gone, for all that its beat says', () => {
    const first = observeEndpoints(new Map(), { endpoints: [endpoint, unwell], beats: new Map() }, 0, undefined)
    const beats = new Map([['fast-17-0', { version: 1, beat: 2, endpoints: {} } as const]])
    const still = observeEndpoints(first, { endpoints: [endpoint, unwell], beats }, 30_000, {
      ...{ sinceLastMs: 30_000, longestMs: 60_000 },
    })
    expect(idsOf(planGateway(staticPart, still, around).model)['fast']).toEqual([unwell.id, endpoint.id])
  })
})

describe('an endpoint that is put aside', () => {
  const shareOf = (id: string) => (id === other.id ? ({ backup: true } as const) : {})
  const served = (...endpoints: Endpoint[]) =>
    planGateway(
      staticPart,
      observeEndpoints(new Map(), { endpoints, beats: new Map() }, 0, undefined),
      around,
      shareOf,
    ).model.tiers[0]?.servers.map(({ id, backup }) => [id, backup])

  it('is reached still, as a backup server', () => {
    expect(served(endpoint, other)).toEqual([
      [other.id, true],
      [endpoint.id, undefined],
    ])
  })

  it('leaves its requests to one that is unwell', () => {
    expect(served({ ...endpoint, unwell: true }, other)).toEqual([
      [other.id, true],
      [endpoint.id, undefined],
    ])
  })

  it('is not the reason that nobody is left: unwell ones and it alone', () => {
    expect(served({ ...other, unwell: true })).toEqual([[other.id, true]])
    expect(served({ ...other, unwell: true }, endpoint)).toEqual([[endpoint.id, undefined]])
  })
})

it('knows what nginx may reach on the way from one model to the next', () => {
  const { model } = planGateway(staticPart, observed, around)
  const reached = union({ fast: ['fast-9-0-0', 'fast-17-0-0'] }, idsOf(model))
  expect(reached).toEqual({ fast: ['fast-17-0-0', 'fast-4242-1-0', 'fast-9-0-0'], reasoning: [] })
})

it('withdraws without adding', () => {
  const { model } = planGateway(staticPart, observed, around)
  expect(idsOf(withoutAdditions(model, { fast: ['fast-9-0-0', 'fast-17-0-0'] }))).toEqual({
    fast: ['fast-17-0-0'],
    reasoning: [],
  })
})

it('names the tiers that lost their last endpoint, and those that got a first one', () => {
  const before = { fast: ['a'], slow: [], same: ['b'] }
  expect(tierChanges(before, { fast: [], slow: ['c'], same: ['d'], fresh: ['e'] })).toEqual([
    { tier: 'fast', event: 'down' },
    { tier: 'slow', event: 'up' },
    { tier: 'fresh', event: 'up' },
  ])
})
