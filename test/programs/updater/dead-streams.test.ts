import { expect, it } from 'vitest'
import { FRESH_LEASE } from '../../../src/core/domain/lease.ts'
import { deadEndpoints } from '../../../src/programs/updater/dead-streams.ts'
import type { SeenMap } from '../../../src/programs/updater/seen.ts'
import { endpoint } from '../../fixtures/endpoint.ts'

it('one that is routed, and whose beat moves, is dead where nothing comes from its host', () => {
  const seen: SeenMap = new Map([[endpoint.id, { endpoint, firstSeenAt: 0, lease: FRESH_LEASE }]])
  const standings = new Map([[endpoint.id, { routed: true, suspect: false } as const]])
  const idsOf = (silent: string) =>
    deadEndpoints(seen, standings, {
      ...{ connects: () => undefined, leaseMs: 20_000 },
      isUnreachable: address => address === silent,
    }).map(one => one.id)
  expect([idsOf('10.0.0.12'), idsOf('10.0.0.13')]).toEqual([[endpoint.id], []])
})
