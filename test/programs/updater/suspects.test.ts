import { expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { FRESH_LEASE } from '../../../src/core/domain/lease.ts'
import type { ObservedEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { createSuspects } from '../../../src/programs/updater/suspects.ts'

const ID = 'fast-1-0-0'
const ENDPOINT: Endpoint = {
  version: 1,
  id: ID,
  tier: 'fast',
  engine: 'llama.cpp',
  state: 'ready',
  url: 'http://10.77.0.11:8080',
  models: [],
  serves: ['chat'],
  job: { id: '1', restarts: 0, name: 'llama', node: 'vasp-01' },
  processes: [],
  since: '2026-01-31T12:00:00Z',
  message: null,
}

it('what the port gave counts until it gives something else, also while it is tried again', async () => {
  let now = 0
  const answers: ((connects: boolean) => void)[] = []
  const suspects = createSuspects({
    network: { connects: () => new Promise(resolve => answers.push(resolve)) },
    leaseMs: 5_000,
    reaches: () => true,
    clock: { now: () => now, date: () => new Date(0), sleep: async () => {} },
    wake: () => {},
  })
  const observed: ObservedEndpoints = new Map([
    [ID, { endpoint: ENDPOINT, firstObservedAt: 0, lease: { ...FRESH_LEASE, stillMs: 6_000 } }],
  ])
  const look = () => suspects.look(observed, new Map())
  const answer = async (connects: boolean) => {
    answers.shift()?.(connects)
    await new Promise(resolve => setImmediate(resolve))
  }

  look()
  expect(suspects.connects(ID)).toBeUndefined()
  await answer(false)
  expect(suspects.connects(ID)).toBe(false)
  now = 3_000
  look()
  look()
  expect(answers.length).toBe(1)
  expect(suspects.connects(ID)).toBe(false)
  await answer(true)
  expect(suspects.connects(ID)).toBe(true)
})
