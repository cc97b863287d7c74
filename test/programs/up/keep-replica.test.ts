import { expect, it } from 'vitest'
import { keepReplica } from '../../../src/programs/up/keep-replica.ts'
import { manualClock, settle } from '../../support/manual-clock.ts'

/** A replica whose supervisors are played by the test. */
function replica() {
  const clock = manualClock()
  const [stop, killNow] = [new AbortController(), new AbortController()]
  const did: string[] = []
  const world = { end: (_how: string) => {}, start: undefined as Error | undefined, isRemoved: false }
  const over = keepReplica({
    effects: {
      start(restarts) {
        if (world.start !== undefined) throw world.start
        did.push(`start ${restarts}`)
        return {
          pid: 100 + restarts,
          exited: new Promise(resolve => {
            world.end = resolve
          }),
          signal: name => void did.push(name),
        }
      },
      clear: async (pid, restarts) => void did.push(`clear ${pid} ${restarts}`),
      isRemoved: () => world.isRemoved,
      ended: (how, waitMs) => void did.push(`${how}, again in ${waitMs}`),
    },
    clock,
    stop: stop.signal,
    killNow: killNow.signal,
  })
  return { clock, stop, killNow, did, world, over }
}

it('starts a supervisor again after longer and longer waits, and clears up before', async () => {
  const { clock, did, world, stop, over } = replica()
  for (let waitMs = 1_000; waitMs <= 60_000; waitMs *= 2) {
    world.end('ended with code 1')
    await clock.advance(waitMs)
  }
  expect(did.slice(0, 6)).toEqual([
    ...['start 0', 'clear 100 0', 'ended with code 1, again in 1000'],
    ...['start 1', 'clear 101 1', 'ended with code 1, again in 2000'],
  ])
  world.end('ended with code 1')
  await settle()
  expect(did.at(-1)).toBe('ended with code 1, again in 60000')
  stop.abort()
  await over
})

it('starts none again after one that an operator has removed', async () => {
  const { did, world, over } = replica()
  world.isRemoved = true
  world.end('ended with code 0')
  await over
  expect(did).toEqual(['start 0', 'clear 100 0'])
})

it('begins with a second again after one that ran a minute', async () => {
  const { clock, did, world, stop, over } = replica()
  world.end('ended with code 1')
  await clock.advance(1_000)
  await clock.advance(60_000)
  world.end('was ended by SIGKILL')
  await settle()
  expect(did.at(-1)).toBe('was ended by SIGKILL, again in 1000')
  stop.abort()
  await over
})

it('tries again when a supervisor cannot be started at all', async () => {
  const { clock, did, world, stop, over } = replica()
  world.start = new Error('EAGAIN')
  world.end('ended with code 1')
  await clock.advance(1_000)
  expect(did.at(-1)).toBe('EAGAIN, again in 2000')
  stop.abort()
  await over
})

it('stops by a TERM, waits for the end and clears up', async () => {
  const { did, world, stop, over } = replica()
  stop.abort()
  await settle()
  expect(did).toEqual(['start 0', 'SIGTERM'])
  world.end('ended with code 0')
  await over
  expect(did.slice(2)).toEqual(['clear 100 0'])
})

it('kills a supervisor that does not end in time, and at once when asked to kill now', async () => {
  const patient = replica()
  patient.stop.abort()
  await patient.clock.advance(34_999)
  expect(patient.did).toEqual(['start 0', 'SIGTERM'])
  await patient.clock.advance(1)
  expect(patient.did.at(-1)).toBe('SIGKILL')

  const hurried = replica()
  hurried.stop.abort()
  await settle()
  hurried.killNow.abort()
  await settle()
  expect(hurried.did).toEqual(['start 0', 'SIGTERM', 'SIGKILL'])
})

it('starts nothing after the stop', async () => {
  const { clock, did, world, stop, over } = replica()
  world.end('ended with code 1')
  await settle()
  stop.abort()
  await over
  await clock.advance(60_000)
  expect(did.filter(one => one.startsWith('start'))).toEqual(['start 0'])
})
