import { expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { SlurmEffects } from '../../../src/programs/updater/effects.ts'
import { createJobPoller } from '../../../src/programs/updater/job-poller.ts'
import type { JobRound } from '../../../src/programs/updater/job-subscribers.ts'
import { createReporter } from '../../../src/programs/updater/reporter.ts'
import { manualClock } from '../../support/manual-clock.ts'

type Answer = Awaited<ReturnType<SlurmEffects['jobs']>>

const running: JobView = {
  ...{ id: '4242', state: 'running', stateText: 'RUNNING', reason: 'None', restarts: 1, name: 'llama-14b' },
  nodeList: 'vasp-02',
}

function polled() {
  const clock = manualClock()
  const stopped = new AbortController()
  const events: string[] = []
  const world = {
    answer: { jobs: [running], complete: true } as Answer,
    takesMs: 0,
    startedAt: [] as number[],
    atOnce: 0,
    mostAtOnce: 0,
  }
  const poller = createJobPoller({
    slurm: {
      jobs: async () => {
        world.startedAt.push(clock.now())
        world.atOnce += 1
        world.mostAtOnce = Math.max(world.mostAtOnce, world.atOnce)
        await clock.sleep(world.takesMs)
        world.atOnce -= 1
        return world.answer
      },
    },
    squeueMs: 15_000,
    report: createReporter((event, { what, message }) => void events.push([event, what, message].join(' ').trim())),
    clock,
    random: () => 0.5,
    signal: stopped.signal,
  })
  const over = { is: false }
  const start = () => void poller.keepPolling().then(() => Object.assign(over, { is: true }))
  return { clock, events, over, poller, start, stopped, world }
}

it('gives one squeue an interval to every subscriber, and what became of it', async () => {
  const { clock, poller, start, world } = polled()
  const heard: JobRound[][] = [[], []]
  for (const [index, rounds] of heard.entries()) poller.subscribe(`${index}`, round => void rounds.push(round))
  start()
  await clock.advance(15_000)
  world.answer = { message: 'squeue: timeout' }
  await clock.advance(15_000)
  world.answer = { jobs: [], complete: false }
  await clock.advance(30_000)
  const jobs = new Map([['4242', running]])
  const rounds: JobRound[] = [
    { poll: { startedAt: 0, jobs, complete: true }, sinceLastMs: 0 },
    { poll: { startedAt: 15_000, jobs, complete: true }, sinceLastMs: 15_000 },
    { unknown: 'squeue: timeout' },
    { poll: { startedAt: 60_000, jobs: new Map(), complete: false }, sinceLastMs: 0 },
  ]
  expect(heard).toEqual([rounds, rounds])
})

it('never runs two at a time, however many ask while one is under way, and asks again after it', async () => {
  const { clock, poller, start, world } = polled()
  world.takesMs = 3_000
  start()
  await clock.advance(500)
  poller.ask(['fast-1-0-0'])
  poller.pollIn(100)
  poller.ask(['fast-1-0-0', 'fast-2-0-0'])
  await clock.advance(10_000)
  expect([world.startedAt, world.mostAtOnce]).toEqual([[0, 3_000], 1])
})

it('polls when it is asked to, once for each question and at most once a second', async () => {
  const { clock, poller, start, world } = polled()
  start()
  await clock.advance(5_000)
  poller.pollIn(4_000)
  poller.pollIn(2_000)
  await clock.advance(2_000)
  expect(world.startedAt).toEqual([0, 7_000])
  poller.ask(['fast-1-0-0'])
  poller.ask(['fast-1-0-0'])
  await clock.advance(2_000)
  expect(world.startedAt).toEqual([0, 7_000, 8_000])
})

it('keeps a later wish when a poll before it gets no answer', async () => {
  const { clock, poller, start, world } = polled()
  start()
  await clock.advance(5_000)
  poller.pollIn(2_000)
  world.answer = { message: 'squeue: timeout' }
  poller.ask(['fast-1-0-0'])
  await clock.advance(2_000)
  expect(world.startedAt).toEqual([0, 5_000, 7_000])
})

it('reports nothing of a poll that its own end cut short', async () => {
  const { clock, events, over, poller, start, stopped, world } = polled()
  const heard: JobRound[] = []
  poller.subscribe('one', round => void heard.push(round))
  Object.assign(world, { takesMs: 3_000, answer: { message: 'squeue: interrupted' } })
  start()
  await clock.advance(1_000)
  stopped.abort()
  await clock.advance(2_000)
  expect([events, heard, over.is]).toEqual([[], [], true])
})

it('is held up by no subscriber: one that is busy gets the newest round, one that fails is reported once', async () => {
  const { clock, events, over, poller, start, stopped } = polled()
  const slow: unknown[] = []
  const well: unknown[] = []
  const startOf = (round: JobRound) => ('poll' in round ? round.poll.startedAt : undefined)
  poller.subscribe('broken', () => Promise.reject(new Error('No space')))
  poller.subscribe('slow', async round => {
    slow.push(startOf(round))
    await clock.sleep(40_000)
  })
  poller.subscribe('well', round => void well.push(startOf(round)))
  start()
  await clock.advance(50_000)
  expect([slow, well]).toEqual([
    [0, 30_000],
    [0, 15_000, 30_000, 45_000],
  ])
  expect(events).toEqual(['trouble broken No space; the next poll tries again'])
  stopped.abort()
  await clock.advance(0)
  expect(over.is).toBe(false)
  await clock.advance(70_000)
  expect(over.is).toBe(true)
})
