import { expect, it } from 'vitest'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { createUnreachable } from '../../../src/programs/updater/unreachable.ts'
import { manualClock } from '../../support/manual-clock.ts'

const MODEL: GatewayModel = {
  listen: 8080,
  tiers: [
    {
      ...{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 },
      servers: [8080, 8081].map(port => ({ id: `fast-${port}`, address: '10.0.0.12', port })),
    },
  ],
}

function watched(answers: (() => Promise<boolean>) | undefined) {
  const clock = manualClock()
  const abort = new AbortController()
  const world = { answers, asked: 0, woken: 0 }
  const unreachable = createUnreachable({
    network: {
      ...(answers === undefined
        ? {}
        : {
            answers: async () => {
              world.asked += 1
              return (await world.answers?.()) === true
            },
          }),
    },
    ...{ leaseMs: 20_000, clock, signal: abort.signal },
    wake: () => {
      world.woken += 1
    },
  })
  return { abort, clock, unreachable, world }
}

it('a host of which nothing has come for a lease is unreachable, until something does', async () => {
  const { clock, unreachable, world } = watched(async () => false)
  unreachable.look(MODEL)
  await clock.advance(18_000)
  expect(unreachable.has('10.0.0.12')).toBe(false)
  await clock.advance(6_000)
  expect([unreachable.has('10.0.0.12'), unreachable.has('10.0.0.13'), world.woken]).toEqual([true, false, 1])
  world.answers = async () => true
  await clock.advance(4_000)
  const { asked } = world
  await clock.advance(60_000)
  expect([unreachable.has('10.0.0.12'), world.woken, world.asked]).toEqual([false, 2, asked])
})

it.each([
  ['says that its port is closed', async () => true],
  ['could not be asked', async () => Promise.reject(new Error('EMFILE'))],
])('one that %s is not', async (_, answers) => {
  const { clock, unreachable, world } = watched(answers)
  unreachable.look(MODEL)
  await clock.advance(60_000)
  expect([unreachable.has('10.0.0.12'), world.asked, world.woken]).toEqual([false, 1, 0])
})

it('is not asked about where nobody can ask, nor after the end', async () => {
  const deaf = watched(undefined)
  deaf.unreachable.look(MODEL)
  const ended = watched(async () => false)
  ended.unreachable.look(MODEL)
  await ended.clock.advance(10_000)
  const { asked } = ended.world
  ended.abort.abort()
  await ended.clock.advance(60_000)
  expect([deaf.world.asked, ended.world.asked <= asked + 1]).toEqual([0, true])
})

it('that no route names any more is not asked for ever, and one that is named is', async () => {
  const { clock, unreachable, world } = watched(async () => false)
  for (let minute = 0; minute < 30; minute++) {
    unreachable.look(MODEL)
    await clock.advance(60_000)
  }
  expect(unreachable.has('10.0.0.12')).toBe(true)
  await clock.advance(600_000)
  const { asked } = world
  await clock.advance(600_000)
  expect([unreachable.has('10.0.0.12'), world.asked]).toEqual([false, asked])
})
