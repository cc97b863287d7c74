import { expect, it } from 'vitest'
import { FRESH_LEASE } from '../../../src/core/domain/lease.ts'
import { deadEndpoints } from '../../../src/programs/updater/dead-streams.ts'
import type { ObservedEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { endpoint } from '../../support/endpoint.ts'

it('one that is routed, and whose beat moves, is dead where nothing comes from its host', () => {
  const observed: ObservedEndpoints = new Map([[endpoint.id, { endpoint, firstObservedAt: 0, lease: FRESH_LEASE }]])
  const routabilities = new Map([[endpoint.id, { routed: true, suspect: false } as const]])
  const idsOf = (silent: string) =>
    deadEndpoints(observed, routabilities, {
      ...{ connects: () => undefined, leaseMs: 20_000 },
      isUnreachable: address => address === silent,
    }).map(one => one.id)
  expect([idsOf('10.0.0.12'), idsOf('10.0.0.13')]).toEqual([[endpoint.id], []])
})
