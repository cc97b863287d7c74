import { expect, it } from 'vitest'
import { createReporter } from '../../../src/programs/updater/reporter.ts'
import { watchTraffic } from '../../../src/programs/updater/traffic.ts'
import { manualClock, settle } from '../../support/manual-clock.ts'

/** Two engines and what nginx logs of them, played by the test. */
function watched() {
  const clock = manualClock()
  const abort = new AbortController()
  const events: string[] = []
  const world = { lines: async (): Promise<readonly string[]> => [], woken: 0 }
  const record = (event: string, detail: Readonly<Record<string, unknown>>) =>
    void events.push([event, detail['id'] ?? detail['what'], detail['message']].filter(Boolean).join(' '))
  const traffic = watchTraffic({
    traffic: { lines: () => world.lines() },
    ...{ record, report: createReporter(record), clock, signal: abort.signal },
    wake: () => {
      world.woken += 1
    },
  })
  const server = (id: string, port: number) => ({ id, address: '10.0.0.1', port })
  traffic.among({
    listen: 8080,
    tiers: [
      {
        ...{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 },
        servers: [server('a', 9000), server('b', 9001)],
      },
    ],
  })
  const over = traffic.keepWatching()
  return { clock, abort, events, world, traffic, over }
}

const failing = JSON.stringify({ upstream: '10.0.0.1:9000', answers: '500', connects: '0.001' })

it('puts aside within a second what fails, says so once, and wakes the updater', async () => {
  const { clock, abort, events, world, traffic, over } = watched()
  await settle()
  let lines = Array.from({ length: 9 }, () => failing)
  world.lines = async () => lines.splice(0)
  await clock.advance(1_000)
  expect(events).toEqual(['set aside a'])
  expect([world.woken, traffic.shareOf('a'), traffic.shareOf('b')]).toEqual([1, { backup: true }, {}])
  await clock.advance(3_000)
  expect(world.woken).toBe(1)
  lines = []
  abort.abort()
  await over
})

it('tells of a log that cannot be read once, and of its return, and goes on judging', async () => {
  const { clock, abort, events, world, over } = watched()
  world.lines = () => Promise.reject(new Error('EIO'))
  await clock.advance(3_000)
  world.lines = async () => []
  await clock.advance(1_000)
  expect(events).toEqual([
    "trouble access log Cannot read nginx's access log: EIO; no engine is set aside meanwhile",
    'recovered access log',
  ])
  abort.abort()
  await over
})

it('watches nothing where nothing is logged', async () => {
  const clock = manualClock()
  const record = () => undefined
  const options = { record, report: createReporter(record), clock, wake: record, signal: new AbortController().signal }
  await watchTraffic(options).keepWatching()
})
