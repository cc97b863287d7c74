import { expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { observeEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import type { Routability } from '../../../src/programs/updater/routability.ts'
import { spareUnwell } from '../../../src/programs/updater/spare-unwell.ts'
import { endpoint } from '../../support/endpoint.ts'

const well: Endpoint = { ...endpoint, id: 'fast-1-0-0' }
const elsewhere: Endpoint = { ...endpoint, id: 'reasoning-1-0-0', tier: 'reasoning' }
const unwell: Endpoint = { ...endpoint, id: 'fast-2-0-0', unwell: true, message: 'Unwell: HTTP 500' }
const ROUTED: Routability = { routed: true, suspect: false }
const SUSPECT: Routability = { routed: true, suspect: true }
const LOADING: Routability = { routed: false, reason: 'Its file says loading' }
const SPARED: Routability = { routed: false, reason: 'Unwell: HTTP 500' }

it.each<[string, [Endpoint, Routability][], string[], Routability]>([
  ['beside one that is well', [[well, ROUTED]], [], SPARED],
  ['alone', [], [], ROUTED],
  ['beside one of another tier', [[elsewhere, ROUTED]], [], ROUTED],
  ['beside one that is a suspect', [[well, SUSPECT]], [], ROUTED],
  ['beside one that is not routed', [[well, LOADING]], [], ROUTED],
  ['beside one that is unwell, too', [[{ ...well, unwell: true }, ROUTED]], [], ROUTED],
  ['beside one that is set aside', [[well, ROUTED]], [well.id], ROUTED],
])('an unwell endpoint is spared beside one that is well, and nowhere else: %s', (_, others, aside, expected) => {
  const all: [Endpoint, Routability][] = [[unwell, ROUTED], ...others]
  const observed = observeEndpoints(new Map(), { endpoints: all.map(([one]) => one), beats: new Map() }, 0, undefined)
  const routabilities = new Map(all.map(([{ id }, routability]) => [id, routability]))
  const spared = spareUnwell(observed, routabilities, id => aside.includes(id))
  expect(spared.get(unwell.id)).toEqual(expected)
  for (const [{ id }, routability] of others) expect(spared.get(id)).toEqual(routability)
})

it('an unwell endpoint that is not routed for another reason keeps that reason, and one without a message has one', () => {
  const silent: Endpoint = { ...unwell, id: 'fast-3-0-0', message: null }
  const observed = observeEndpoints(new Map(), { endpoints: [well, unwell, silent], beats: new Map() }, 0, undefined)
  const routabilities = new Map<string, Routability>([
    [well.id, ROUTED],
    [unwell.id, LOADING],
    [silent.id, ROUTED],
  ])
  const spared = spareUnwell(observed, routabilities, () => false)
  expect(spared.get(unwell.id)).toEqual(LOADING)
  expect(spared.get(silent.id)).toEqual({ routed: false, reason: 'Unwell' })
})
