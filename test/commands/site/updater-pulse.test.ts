import { mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openRegistry } from '../../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'
import { hasBeat, stillUpdaters } from '../../../src/commands/site/updater-pulse.ts'
import { formatRoutes } from '../../../src/core/domain/routes-file.ts'

async function site(ageSeconds: number) {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-pulse-'))
  const file = join(shared, 'routes/main.json')
  const write = async (beat: number) => {
    await writeFile(file, formatRoutes({ version: 1, gateway: 'main', beat, generation: 1, tiers: {} }))
    const at = new Date(Date.now() - 1_000 * ageSeconds)
    await utimes(file, at, at)
  }
  await mkdir(join(shared, 'routes'))
  await write(7)
  const serialQueue = createSerialQueue(systemClock, 10_000)
  const config = { shared, gateway: { name: 'main' }, timing: { beatSeconds: 5, leaseSeconds: 20 } }
  return {
    write,
    of: { config, serialQueue, registry: openRegistry(shared, serialQueue) } as unknown as Parameters<
      typeof stillUpdaters
    >[0],
  }
}

/** A clock whose sleeps take no time, and call `meanwhile`. */
function clock(meanwhile: () => Promise<void>) {
  let now = 0
  return {
    date: () => new Date(),
    now: () => now,
    sleep: async (ms: number) => {
      now += ms
      await meanwhile()
    },
  }
}

const never = new AbortController().signal

it('an updater that has died is seen by a second read of its beat', async () => {
  const { of } = await site(3_600)
  const still = await stillUpdaters(
    of,
    clock(async () => undefined),
    never,
  )
  expect([...still].map(([name, { beat, forMs }]) => [name, beat, Math.round(forMs / 60_000)])).toEqual([
    ['main', 7, 60],
  ])
})

it('one that beats is not taken for dead, however wrong the clocks are', async () => {
  const { of, write } = await site(3_600)
  expect(
    await stillUpdaters(
      of,
      clock(() => write(8)),
      never,
    ),
  ).toEqual(new Map())
})

it('one that has just written is not waited for', async () => {
  const { of } = await site(0)
  const impatient = clock(() => Promise.reject(new Error('slept')))
  expect(await stillUpdaters(of, impatient, never)).toEqual(new Map())
})

it.each([
  ['moves', 'main', 8, true],
  ['stands still', 'main', 7, false],
  ['is another gateway’s', 'second', 8, false],
])('an updater of this gateway runs where its beat moves: a beat that %s', async (_, gateway, next, runs) => {
  const { of, write } = await site(0)
  const config = { ...of.config, gateway: { ...of.config.gateway, name: gateway } }
  expect(
    await hasBeat(
      { ...of, config },
      clock(() => write(next)),
      never,
    ),
  ).toBe(runs)
})
