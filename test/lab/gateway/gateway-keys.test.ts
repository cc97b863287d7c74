import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fingerprintOf } from '../../../src/core/domain/engine-key.ts'
import type { GatewayTier } from '../../../src/core/domain/gateway-model.ts'
import { clientPaths } from '../../../src/core/engines/client-paths.ts'
import type { EngineAnswer, StandInEngine } from '../../support/stand-in-engine.ts'
import { ask } from './ask.ts'
import { labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'
import { startSystemGateway } from './lab-system.ts'

const [old, next] = ['o'.repeat(64), 'n'.repeat(64)]
const keys = { [fingerprintOf(old)]: old, [fingerprintOf(next)]: next }

/** An engine that asks for a key as vLLM does, and says its port. */
function asking(key: string): EngineAnswer {
  return ({ headers }, response, engine) => {
    response.statusCode = headers.authorization === `Bearer ${key}` ? 200 : 401
    response.end(JSON.stringify({ port: engine.port }))
  }
}

function keyed(engines: readonly (readonly [StandInEngine, string?])[]): GatewayTier {
  const tier = labTier(engines.map(([engine]) => engine))
  const servers = tier.servers.map((server, index) => {
    const key = engines[index]?.[1]
    return { ...server, ...(key === undefined ? {} : { key: fingerprintOf(key) }) }
  })
  return { ...tier, servers }
}

it('an engine gets its key in place of the client’s, which nobody else can read', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine(asking(next))
  const { generation } = await lab.applied(lab.model(keyed([[engine, next]])), keys)
  const headers = { authorization: 'Bearer client', 'x-api-key': 'client' }
  for (const method of ['GET', 'POST']) {
    expect(await ask({ port: lab.port, path: '/v1/models', method, headers })).toMatchObject({ status: 200 })
  }
  expect(engine.received.map(one => one.headers['x-api-key'])).toEqual([undefined, undefined])
  const files = join(lab.directory, 'generations', String(generation))
  expect((await stat(join(files, 'keys.conf'))).mode & 0o777).toBe(0o600)
  for (const name of ['nginx.conf', 'gateway.conf', 'model.json']) {
    expect(await readFile(join(files, name), 'utf8')).not.toContain(next)
  }
  // Another updater of the same gateway knows what nginx runs, and with which key.
  const other = await lab.reopen()
  expect(await other.running(neverAborted)).toMatchObject({ generation, keys: { [fingerprintOf(next)]: next } })
})

it('engines of two keys and of none serve side by side, each with its own', async () => {
  const lab = await startLabGateway()
  const engines = [await labEngine(asking(old)), await labEngine(asking(next)), await labEngine()] as const
  const [first, second, open] = engines
  await lab.applied(lab.model(keyed([[first, old], [second, next], [open]])), keys)
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      ask({ port: lab.port, path: '/v1/x', ...(index % 2 === 0 ? { body: '{}' } : {}) }),
    ),
  )
  expect(new Set(answers.map(answer => answer.status))).toEqual(new Set([200]))
  for (const engine of engines) expect(engine.received.length).toBeGreaterThan(30)
  expect(open.received.map(one => one.headers.authorization)).not.toContain(expect.anything())
})

it.each([['POST'], ['GET']])(
  'a %s moves on to the engines of the other key when those of one are gone',
  async method => {
    const lab = await startLabGateway()
    const [first, second] = [await labEngine(asking(old)), await labEngine(asking(next))]
    await lab.applied(
      lab.model(
        keyed([
          [first, old],
          [second, next],
        ]),
      ),
      keys,
    )
    await first.die()
    for (let turn = 0; turn < 40; turn += 1) {
      const answer = await ask({ port: lab.port, path: '/v1/x', method })
      expect([answer.status, JSON.parse(answer.text).port]).toEqual([200, second.port])
    }
  },
)

it('the site’s own nginx reads the key from where only root does', async () => {
  const lab = await startSystemGateway()
  const engine = await labEngine(asking(next))
  await lab.applied(lab.model(keyed([[engine, next]])), keys)
  expect(await ask({ port: lab.port, path: '/v1/models' })).toMatchObject({ status: 200 })
  expect(await readFile(lab.file, 'utf8')).not.toContain(next)
  const place = /include '(.*keys\.conf)';/.exec(await readFile(lab.file, 'utf8'))?.[1] ?? ''
  const { mode, uid } = await stat(place)
  expect([mode & 0o777, uid]).toEqual([0o600, 0])
})

it.each([
  ['/server_info'],
  ['/get_server_info?a=1'],
  ['/server_info%0a'],
  ['/fast/server_info%0a'],
  ['/%73erver_info'],
  ['//server_info'],
  ['/v1/../server_info'],
  ['/fast/server_info'],
])('%s, where SGLang tells its arguments with the key, is served to nobody', async path => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  const root = { ...keyed([[engine, next]]), paths: clientPaths('sglang') }
  const below = { ...root, name: 'other', path: '/fast/' }
  await lab.applied(lab.model(root, below), keys)
  for (const method of ['GET', 'POST']) {
    expect(await ask({ port: lab.port, path, method })).toMatchObject({ status: 404 })
  }
  expect(engine.received).toEqual([])
  expect(await ask({ port: lab.port, path: '/v1/models' })).toMatchObject({ status: 200 })
})
