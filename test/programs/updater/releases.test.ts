import { describe, expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { ObservedEndpoints } from '../../../src/programs/updater/observed-endpoints.ts'
import { createReleases } from '../../../src/programs/updater/releases.ts'
import { endpoint } from '../../support/endpoint.ts'
import { manualClock } from '../../support/manual-clock.ts'

const PAUSE = 6
const runs: JobView = {
  ...{ id: '4242', state: 'running', stateText: 'RUNNING', reason: 'None', restarts: 1, name: 'llama-14b' },
  nodeList: 'vasp-[01-02]',
}
const paused: JobView = {
  ...{ ...runs, state: 'pending', stateText: 'PENDING', reason: 'BeginTime', restarts: 2, nodeList: '' },
  ...{ submitTime: 1_000, eligibleTime: 1_000 + PAUSE },
}
const deferred: JobView = { ...paused, eligibleTime: 4_600 }
const held: JobView = { ...paused, reason: 'launch failed requeued held', restarts: 3 }

/** What was asked of Slurm, in order; each poll is judged whole before the next. */
function releases(known: ObservedEndpoints = new Map()) {
  const clock = manualClock()
  const did: string[] = []
  const events: string[] = []
  const world = {
    pause: PAUSE as number | undefined,
    states: ['IDLE', 'MIXED'] as readonly string[] | undefined,
    /** What a second look finds; undefined: what the first found. */
    later: undefined as readonly JobView[] | undefined,
  }
  const wanted: number[] = []
  const hear = createReleases({
    slurm: {
      requeuePauseSeconds: async () => world.pause,
      nodeStates: async () => world.states,
      releaseBeginTime: async id => {
        did.push(`begin ${id}`)
        return 'accepted'
      },
      releaseHold: async id => {
        did.push(`hold ${id}`)
        return 'accepted'
      },
    },
    isOurs: job => job.id !== '99',
    observed: () => known,
    record: event => void events.push(event),
    pollIn: ms => void wanted.push(ms),
    clock,
  })
  const poll = async (jobs: readonly JobView[]) => {
    const polled = { startedAt: clock.now(), jobs: new Map(jobs.map(job => [job.id, job])), complete: true }
    await hear({ poll: polled, sinceLastMs: 0 })
  }
  /** Each poll, two seconds, and the second look where one is asked for. */
  const polls = async (...all: readonly JobView[][]) => {
    for (const jobs of all) {
      wanted.length = 0
      await poll(jobs)
      await clock.advance(2_000)
      if (wanted.includes(2_000)) await poll(world.later ?? jobs)
    }
  }
  return { clock, did, events, hear, poll, world, polls }
}

describe('a job that was requeued', () => {
  it('is released once, two seconds after it was seen', async () => {
    const { did, events, polls } = releases()
    await polls([runs], [paused], [paused])
    expect([did, events]).toEqual([['begin 4242'], ['released']])
  })

  it.each<[string, JobView]>([
    ['to another time', deferred],
    ['by a hold', { ...paused, reason: 'JobHeldAdmin' }],
    ['by a hold of its owner', { ...paused, reason: 'JobHeldUser' }],
  ])('stays where it was deferred %s before the first look', async (_, job) => {
    const { did, polls } = releases()
    await polls([runs], [job], [job])
    expect(did).toEqual([])
  })

  it.each<[string, JobView]>([
    ['to another time', deferred],
    ['by a hold', { ...paused, reason: 'JobHeldAdmin' }],
  ])('stays where it was deferred %s between two looks', async (_, job) => {
    const { did, world, polls } = releases()
    world.later = [job]
    await polls([runs], [paused], [job])
    expect(did).toEqual([])
  })

  it('is not released by a poll that comes sooner, nor by one that Slurm did not answer', async () => {
    const { clock, did, hear, poll } = releases()
    await poll([runs])
    await poll([paused])
    await clock.advance(1_999)
    await poll([paused])
    await clock.advance(1)
    await hear({ unknown: 'squeue: timeout' })
    expect(did).toEqual([])
    await poll([paused])
    expect(did).toEqual(['begin 4242'])
  })

  it('stays where it was deferred after its release', async () => {
    const { did, polls } = releases()
    await polls([runs], [paused], [deferred], [deferred])
    expect(did).toEqual(['begin 4242'])
  })

  it('of another site is left alone', async () => {
    const { did, polls } = releases()
    await polls([{ ...runs, id: '99' }], [{ ...paused, id: '99' }])
    expect(did).toEqual([])
  })

  it.each([
    ['is down', ['IDLE', 'DOWN*']],
    ['does not answer', ['MIXED', 'MIXED*']],
  ])('since a node %s is left to Slurm, and stays so when the node is back', async (_, states) => {
    const { did, events, world, polls } = releases()
    world.states = states
    await polls([runs], [paused])
    world.states = ['IDLE', 'IDLE']
    await polls([paused])
    expect([did, events]).toEqual([[], ['left to Slurm']])
  })

  it('is left to Slurm where nobody knows where it ran', async () => {
    const { did, events, polls } = releases()
    await polls([paused], [paused])
    expect([did, events]).toEqual([[], ['left to Slurm']])
  })

  it('is released by an updater that has only its file to know where it ran', async () => {
    const lease = { beat: 1, stillMs: 0 }
    const { did, polls } = releases(new Map([[endpoint.id, { endpoint, firstObservedAt: 0, lease }]]))
    await polls([paused])
    expect(did).toEqual(['begin 4242'])
  })

  it.each(['pause', 'states'] as const)('waits as long as the %s is not known', async what => {
    const { did, events, world, polls } = releases()
    const known = world[what]
    world[what] = undefined
    await polls([runs], [paused])
    expect([did, events]).toEqual([[], []])
    Object.assign(world, { [what]: known })
    await polls([paused])
    expect(did).toEqual(['begin 4242'])
  })
})

describe('a job that Slurm holds since a node could not launch it', () => {
  it('is told once, and stays held where nothing was released here', async () => {
    const { clock, did, events, polls } = releases()
    await polls([held], [held])
    await clock.advance(3_600_000)
    await polls([held])
    expect([did, events]).toEqual([[], ['held']])
  })

  it('is released after the pause that its release had cut, then after twice that, and three times in all', async () => {
    const { clock, did, polls } = releases()
    await polls([runs], [paused])
    did.length = 0
    for (const [tries, waitMs] of [6_000, 12_000, 24_000].entries()) {
      const again = { ...held, restarts: held.restarts + tries }
      await polls([again])
      await clock.advance(waitMs - 4_001)
      await polls([again])
      expect(did.length).toBe(tries)
      await clock.advance(1)
      await polls([again])
      expect(did.length).toBe(tries + 1)
    }
    const last = { ...held, restarts: held.restarts + 3 }
    await polls([last])
    await clock.advance(3_600_000)
    await polls([last])
    expect(did).toEqual(['hold 4242', 'hold 4242', 'hold 4242'])
  })

  it.each(['JobHeldAdmin', 'JobHeldUser', 'job requeued in held state', 'launch failure limit exceeded requeued held'])(
    'is not one that reads %s',
    async reason => {
      const { clock, did, events, polls } = releases()
      await polls([runs], [paused])
      const other = { ...held, reason }
      await polls([other])
      await clock.advance(3_600_000)
      await polls([other])
      expect([did, events]).toEqual([['begin 4242'], ['released']])
    },
  )
})
