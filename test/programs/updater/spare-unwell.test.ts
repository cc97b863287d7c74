import { expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { see } from '../../../src/programs/updater/seen.ts'
import { spareUnwell } from '../../../src/programs/updater/spare-unwell.ts'
import type { Standing } from '../../../src/programs/updater/standing.ts'
import { endpoint } from '../../fixtures/endpoint.ts'

const well: Endpoint = { ...endpoint, id: 'fast-1-0-0' }
const elsewhere: Endpoint = { ...endpoint, id: 'reasoning-1-0-0', tier: 'reasoning' }
const unwell: Endpoint = { ...endpoint, id: 'fast-2-0-0', unwell: true, message: 'Unwell: HTTP 500' }
const ROUTED: Standing = { routed: true, suspect: false }
const SUSPECT: Standing = { routed: true, suspect: true }
const LOADING: Standing = { routed: false, reason: 'Its file says loading' }
const SPARED: Standing = { routed: false, reason: 'Unwell: HTTP 500' }

it.each<[string, [Endpoint, Standing][], string[], Standing]>([
  ['beside one that is well', [[well, ROUTED]], [], SPARED],
  ['alone', [], [], ROUTED],
  ['beside one of another tier', [[elsewhere, ROUTED]], [], ROUTED],
  ['beside one that is a suspect', [[well, SUSPECT]], [], ROUTED],
  ['beside one that is not routed', [[well, LOADING]], [], ROUTED],
  ['beside one that is unwell, too', [[{ ...well, unwell: true }, ROUTED]], [], ROUTED],
  ['beside one that is set aside', [[well, ROUTED]], [well.id], ROUTED],
])('an unwell endpoint %s', (_, others, aside, expected) => {
  const all: [Endpoint, Standing][] = [[unwell, ROUTED], ...others]
  const seen = see(new Map(), { endpoints: all.map(([one]) => one), beats: new Map() }, 0, undefined)
  const standings = new Map(all.map(([{ id }, standing]) => [id, standing]))
  const spared = spareUnwell(seen, standings, id => aside.includes(id))
  expect(spared.get(unwell.id)).toEqual(expected)
  for (const [{ id }, standing] of others) expect(spared.get(id)).toEqual(standing)
})

it('an unwell endpoint that is not routed for another reason keeps that reason, and one without a message has one', () => {
  const silent: Endpoint = { ...unwell, id: 'fast-3-0-0', message: null }
  const seen = see(new Map(), { endpoints: [well, unwell, silent], beats: new Map() }, 0, undefined)
  const standings = new Map<string, Standing>([
    [well.id, ROUTED],
    [unwell.id, LOADING],
    [silent.id, ROUTED],
  ])
  const spared = spareUnwell(seen, standings, () => false)
  expect(spared.get(unwell.id)).toEqual(LOADING)
  expect(spared.get(silent.id)).toEqual({ routed: false, reason: 'Unwell' })
})
