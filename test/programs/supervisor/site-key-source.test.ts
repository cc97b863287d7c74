import { expect, it } from 'vitest'
import { createSiteKeySource } from '../../../src/programs/supervisor/site-key-source.ts'
import { manualClock } from '../../support/manual-clock.ts'

const [first, second] = ['k'.repeat(32), 'n'.repeat(32)]
const never = new AbortController().signal

function source() {
  const world = { key: first as string | Error, troubles: [] as string[] }
  const keys = createSiteKeySource(
    async () => {
      if (world.key instanceof Error) throw world.key
      return world.key
    },
    message => world.troubles.push(message),
  )
  return { keys, world }
}

it('gives each engine the key that stands there when it starts', async () => {
  const { keys, world } = source()
  expect(await keys.take()).toBe(first)
  world.key = second
  expect(await keys.take()).toBe(second)
  expect(keys.taken()).toEqual([first, second])
})

it('gives the last one while it cannot be read, which is said once', async () => {
  const { keys, world } = source()
  await keys.take()
  world.key = new Error('EIO')
  expect([await keys.take(), await keys.take()]).toEqual([first, first])
  expect(world.troubles).toEqual(['EIO; the last key stays'])
})

it('waits for the first one', async () => {
  const clock = manualClock()
  const { keys, world } = source()
  world.key = new Error('ESTALE')
  let isThere = false
  const waiting = keys.first(clock, never).then(() => {
    isThere = true
  })
  await clock.advance(60_000)
  expect(isThere).toBe(false)
  expect(world.troubles).toEqual(['ESTALE; no engine starts without it'])
  await expect(keys.take()).rejects.toThrow('ESTALE')
  world.key = first
  await clock.advance(1_000)
  await waiting
  expect(keys.taken()).toEqual([first])
})

it('does not wait for it when it is told to end', async () => {
  const { keys, world } = source()
  world.key = new Error('ESTALE')
  await keys.first(manualClock(), AbortSignal.abort())
  expect(keys.taken()).toEqual([])
})
