import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { placesBelow } from '../../../src/adapters/gateway/state-directory.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { newestLines } from '../../../src/adapters/system/file-follower.ts'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { createUpdater } from '../../../src/programs/updater/loop.ts'
import { triesOf } from '../../../src/programs/updater/tries.ts'
import { endpoint } from '../../support/endpoint.ts'
import type { EngineAnswer } from '../../support/stand-in-engine.ts'
import { until } from '../../support/until.ts'
import { ask } from './ask.ts'
import { hammer } from './hammer.ts'
import { type LabGateway, labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'

const PATIENCE = { timeoutMs: 30_000 }

/** An updater without Slurm that routes these ports of this machine; `backups`: who is one in what nginx serves. */
function startUpdater(lab: LabGateway, ports: readonly number[]) {
  const stopped = new AbortController()
  const events: string[] = []
  const endpoints: Endpoint[] = ports.map((port, index) => ({
    ...{ ...endpoint, id: `fast-${index}-0-0`, url: `http://127.0.0.1:${port}` },
    job: { ...endpoint.job, id: String(index), restarts: 0 },
  }))
  const log = newestLines(placesBelow(lab.directory).accessLog)
  const over = createUpdater({
    ...{ gatewayName: 'main', listen: lab.port, networks: ['127.0.0.0/8'] },
    tiers: [{ name: 'fast', path: '/', paths: ['/{model}'], readTimeoutSeconds: 600, retryAfterSeconds: 10 }],
    ...{ scanMs: 1_000, squeueMs: 15_000, beatMs: 5_000, leaseMs: 20_000 },
    ...{
      jobWords: { tierOfJob: () => undefined, whyItWaits: () => ({ why: '', isStuck: false }) },
      alive: () => {},
      slurm: undefined,
      gateway: lab.gateway,
    },
    registry: {
      scan: async () => ({ endpoints, beats: new Map(), problems: [] }),
      remove: async () => {},
      removeExpired: async () => 0,
      routes: async () => new Map(),
      keptKey: async () => undefined,
      writeRoutes: async () => {},
    },
    network: { resolve: async () => undefined, connects: async () => true, ownAddresses: () => ['127.0.0.1'] },
    traffic: { lines: () => log.read() },
    record: (event, { id }) => void (typeof id === 'string' && event !== 'standing' && events.push(`${event} ${id}`)),
    ...{ clock: systemClock, random: () => 0.5, signal: stopped.signal },
  })
    .run()
    .catch(error => {
      if (!stopped.signal.aborted) throw error // an apply that was cut short
    })
  onTestFinished(async () => {
    stopped.abort()
    await over
  })
  return {
    events,
    async backups(): Promise<readonly boolean[]> {
      const model = JSON.parse(await readFile(join(lab.directory, 'good/model.json'), 'utf8'))
      return model.tiers[0].servers.map((server: { backup?: true }) => server.backup === true)
    },
  }
}

const wellAnswer: EngineAnswer = async (_request, response) => {
  await sleep(100)
  response.end('well')
}

it('an engine that fails at once takes no more requests after a moment, and is there again when it is well', async () => {
  const lab = await startLabGateway()
  let isBroken = true
  const [broken, well] = [
    await labEngine((request, response, engine) => {
      if (!isBroken) return wellAnswer(request, response, engine)
      response.statusCode = 500
      response.end('{}')
    }),
    await labEngine(wellAnswer),
  ]
  const updater = startUpdater(lab, [broken.port, well.port])
  const backups = (expected: readonly boolean[]) =>
    until('what nginx serves', updater.backups, { ...PATIENCE, holds: seen => String(seen) === String(expected) })
  await backups([false, false])

  const before = hammer(lab.port, { clients: 4 })
  await backups([true, false])
  const { failures } = await before.stop()
  expect(new Set(failures)).toEqual(new Set(['500']))

  const during = hammer(lab.port, { clients: 8 })
  await during.answered(100)
  expect((await during.stop()).failures).toEqual([])

  isBroken = false
  await until('its return', () => updater.events.includes('taken back fast-0-0-0'), PATIENCE)
  const earlier = broken.received.length
  const after = hammer(lab.port, { clients: 8 })
  await until('requests to reach it', () => broken.received.length > earlier + 20, PATIENCE)
  expect((await after.stop()).failures).toEqual([])
  expect(updater.events).toEqual(['set aside fast-0-0-0', 'on trial fast-0-0-0', 'taken back fast-0-0-0'])
}, 90_000)

it.each([
  ['is not HTTP', (response: ServerResponse) => response.socket?.end('garbage')],
  ['is that it is full', (response: ServerResponse) => response.writeHead(503).end('{}')],
])('one whose answer %s takes no more requests either', async (_, answer) => {
  const lab = await startLabGateway()
  const [broken, well] = [await labEngine((_, response) => void answer(response)), await labEngine(wellAnswer)]
  const updater = startUpdater(lab, [broken.port, well.port])
  const { stop } = hammer(lab.port, { clients: 4 })
  await until('what nginx serves', updater.backups, { ...PATIENCE, holds: seen => String(seen) === 'true,false' })
  await stop()
})

it('a log that was taken away is begun again, since how engines answer is read there', async () => {
  const lab = await startLabGateway()
  const model = lab.model(labTier([await labEngine()]))
  await lab.applied(model)
  const { accessLog } = placesBelow(lab.directory)
  const lines = newestLines(accessLog)
  await rm(accessLog)
  expect(await lab.gateway.apply(model, neverAborted)).toMatchObject({ status: 'unchanged' })
  await until('a new log', () => existsSync(accessLog), PATIENCE)
  await lines.read()
  await ask({ port: lab.port, path: '/v1/x' })
  const seen: string[] = []
  await until('its first line', async () => seen.push(...(await lines.read())) > 0, PATIENCE)
  expect(seen.flatMap(triesOf)).toMatchObject([{ outcome: 'answered', client: '127.0.0.1' }])
})

it('one that is a backup server is reached when the other is gone', async () => {
  const lab = await startLabGateway()
  const [one, other] = [await labEngine(), await labEngine()]
  const server = (id: string, port: number) => ({ id, address: '127.0.0.1', port })
  const tier = { name: 'fast', path: '/', paths: ['/{model}'], readTimeoutSeconds: 600, retryAfterSeconds: 7 }
  const servers = [{ ...server('a', one.port), backup: true as const }, server('b', other.port)]
  await lab.applied(lab.model({ ...tier, servers }))
  const statuses = async () =>
    new Set(
      await Promise.all(
        Array.from({ length: 20 }, async () => (await ask({ port: lab.port, path: '/v1/x', body: '{}' })).status),
      ),
    )
  expect([await statuses(), one.received.length]).toEqual([new Set([200]), 0])
  await other.die()
  expect(await statuses()).toEqual(new Set([200]))
  await lab.applied(lab.model({ ...tier, servers: servers.slice(0, 1) }))
  expect(await statuses()).toEqual(new Set([200]))
})
