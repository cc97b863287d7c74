import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { ask, openAnswer } from './ask.ts'
import { hammer } from './hammer.ts'
import { labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'
import { masterOf } from './two-models.ts'
import { withdrawAgain } from './withdraw-again.ts'

it('loads a model once, and knows it again in another process', async () => {
  const lab = await startLabGateway()
  const model = lab.model(labTier([await labEngine()]))
  expect(await lab.gateway.running(neverAborted)).toBeUndefined()
  expect(await lab.gateway.apply(model, neverAborted)).toEqual({
    status: 'applied',
    generation: 1,
    reloadMs: expect.any(Number),
  })
  expect(await lab.gateway.apply(model, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
  const other = await lab.reopen()
  expect(await other.running(neverAborted)).toEqual({ generation: 1, model, keys: {} })
  expect(await other.apply(model, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
  const less = lab.model(labTier([]))
  expect(await other.apply(less, neverAborted)).toMatchObject({ status: 'applied', generation: 2 })
  expect(await lab.gateway.apply(less, neverAborted)).toEqual({ status: 'unchanged', generation: 2 })
})

it('a reload loses no stream', async () => {
  const lab = await startLabGateway()
  const streams: ServerResponse[] = []
  const [old, young] = [
    await labEngine((_request, response) => {
      response.write('first')
      streams.push(response)
    }),
    await labEngine(),
  ]
  await lab.applied(lab.model(labTier([old])))
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })),
  )
  const texts = answers.map(async answer => {
    const parts: Buffer[] = []
    for await (const part of answer) parts.push(part)
    return Buffer.concat(parts).toString()
  })
  for (const engines of [[young], [], [young]]) await lab.applied(lab.model(labTier(engines)))
  for (const stream of streams) stream.end('last')
  expect(await Promise.all(texts)).toEqual(answers.map(() => 'firstlast'))
})

it('after `applied` a withdrawn engine is not reached by a new connection, and no request is lost', async () => {
  const lab = await startLabGateway()
  const { failures, late, reached } = await withdrawAgain(lab)
  expect(failures).toEqual([])
  expect(late).toEqual(late.map(() => 0))
  expect(reached).toBeGreaterThan(100)
})

it('a reload resets no kept connection that is in use', async () => {
  const lab = await startLabGateway()
  const engines = [await labEngine(), await labEngine()]
  await lab.applied(lab.model(labTier(engines)))
  const load = hammer(lab.port, { keepAlive: true })
  for (let reload = 0; reload < 10; reload++) {
    await load.answered(200)
    await lab.applied(lab.model(labTier(reload % 2 === 0 ? engines.slice(1) : engines)))
  }
  const { failures } = await load.stop()
  expect(failures).toEqual([])
})

it('a new tier gets its port by a reload, and an old one gives it up', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  const own = engine.port === 20_000 ? 20_001 : 20_000
  const model = lab.model(labTier([engine], { port: own }))
  await lab.applied(model)
  expect((await ask({ port: own, path: '/v1' })).status).toBe(200)
  await lab.applied(lab.model(labTier([engine])))
  await expect(ask({ port: own, path: '/v1' })).rejects.toThrow('ECONNREFUSED')
  await lab.applied(model)
  expect((await ask({ port: own, path: '/v1' })).status).toBe(200)
})

it('on one address it is reached there and at no other of this machine', async () => {
  const lab = await startLabGateway()
  const tier = labTier([await labEngine()], { port: `[::1]:${lab.port}` })
  await lab.applied({ listen: `127.0.0.1:${lab.port}`, tiers: [tier] })
  const statusAt = async (host: string) => (await ask({ host, port: lab.port, path: '/v1' })).status
  expect([await statusAt('127.0.0.1'), await statusAt('::1')]).toEqual([200, 200])
  await expect(statusAt('127.0.0.2')).rejects.toThrow('ECONNREFUSED')
})

it('from all addresses of its port to one of them and back: streams go on, and another process on it is found before', async () => {
  const lab = await startLabGateway()
  const streams: ServerResponse[] = []
  const engine = await labEngine((request, response) => {
    if (request.url === '/v1/short') return void response.end('short')
    response.write('first')
    streams.push(response)
  })
  const everywhere = lab.model(labTier([engine]))
  const here = { ...everywhere, listen: `127.0.0.1:${lab.port}` }
  const shortAt = async (host: string) => (await ask({ host, port: lab.port, path: '/v1/short' })).text
  const texts: Promise<string>[] = []
  const begin = async () => {
    const answer = await openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })
    texts.push(
      answer
        .setEncoding('utf8')
        .toArray()
        .then(parts => parts.join('')),
    )
  }
  await lab.applied(everywhere)
  await begin()
  await lab.applied(here)
  expect(await shortAt('127.0.0.1')).toBe('short')
  await expect(shortAt('127.0.0.2')).rejects.toThrow('ECONNREFUSED')
  await begin()

  const other = createServer()
  await new Promise<void>(resolve => void other.listen(lab.port, '127.0.0.2', resolve))
  const master = masterOf(lab)
  expect(await lab.gateway.apply(everywhere, neverAborted)).toEqual({
    status: 'failed',
    step: 'probe ports',
    message: `Cannot open port ${lab.port}: another process listens on it; end that process or choose another port`,
    restored: true,
  })
  expect([await shortAt('127.0.0.1'), masterOf(lab)]).toEqual(['short', master])
  await new Promise(resolve => other.close(resolve))

  await lab.applied(everywhere)
  expect([await shortAt('127.0.0.1'), await shortAt('127.0.0.2')]).toEqual(['short', 'short'])
  for (const stream of streams) stream.end('last')
  expect(await Promise.all(texts)).toEqual(['firstlast', 'firstlast'])
  expect(await lab.gateway.apply(everywhere, neverAborted)).toMatchObject({ status: 'unchanged' })
})

it('an address of another machine is refused in one line, and what ran goes on', async () => {
  const lab = await startLabGateway()
  const model = lab.model(labTier([await labEngine()]))
  await lab.applied(model)
  expect(await lab.gateway.apply({ ...model, listen: `192.0.2.1:${lab.port}` }, neverAborted)).toEqual({
    status: 'failed',
    step: 'test',
    message: `Cannot load generation 2: bind() to 192.0.2.1:${lab.port} failed (99: Cannot assign requested address)`,
    restored: true,
  })
  expect((await ask({ port: lab.port, path: '/v1' })).status).toBe(200)
})
