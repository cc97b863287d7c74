import { Agent } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ask, errorOf } from '../gateway/ask.ts'
import { labEngine, startLabGateway, tierOf } from '../gateway/lab-gateway.ts'
import { freePort } from '../gateway/stand-in-engine.ts'

describe('a request that was not delivered', () => {
  test('moves on to an engine that is there, once', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    const gone = await Promise.all([1, 2, 3].map(freePort))
    await lab.applied(lab.model(tierOf([...gone.map(port => ({ port })), engine])))
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await ask({ port: lab.port, path: '/v1/x', body: '{}' })).status),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(engine.received.length).toBe(40)
  })

  test.each(['GET', 'POST'])('to anybody is told to come back: %s', async method => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(tierOf([{ port: await freePort() }, { port: await freePort() }])))
    const answer = await ask({ port: lab.port, path: '/v1/x', method })
    expect(errorOf(answer)).toEqual({ status: 503, type: 'service_unavailable', code: 'tier_unreachable', param: null })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
    expect(answer.headers['x-should-retry']).toBeUndefined()
  })

  test('because its tier is empty is told to come back', async () => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(tierOf([])))
    const answer = await ask({ port: lab.port, path: '/v1/chat/completions', body: '{}' })
    expect(errorOf(answer)).toEqual({ status: 503, type: 'service_unavailable', code: 'tier_unavailable', param: null })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
  })
})

describe('a request that kills engines', () => {
  test.each(['POST', 'GET', 'PUT'])('kills two of four: %s', async method => {
    const lab = await startLabGateway()
    const engines = await Promise.all(
      [1, 2, 3, 4].map(() =>
        labEngine((request, response, engine) => {
          if (request.url === '/v1/death') void engine.die()
          else response.end('alive')
        }),
      ),
    )
    await lab.applied(lab.model(tierOf(engines)))
    // Every worker gets kept connections to every engine: tries on those are not counted by nginx.
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 64 }, () => ask({ port: lab.port, path: '/v1/x', body: '{}', agent })))
    }
    const answer = await ask({ port: lab.port, path: '/v1/death', method })
    expect(engines.filter(one => one.isDead).length).toBe(2)
    expect(errorOf(answer)).toEqual({ status: 502, type: 'server_error', code: 'engine_failed', param: null })
    expect(answer.headers).toMatchObject({ 'x-should-retry': 'false' })
    expect(answer.headers['retry-after']).toBeUndefined()
    const others = await Promise.all(
      Array.from({ length: 20 }, async () => (await ask({ port: lab.port, path: '/v1/x', body: '{}' })).status),
    )
    expect(new Set(others)).toEqual(new Set([200]))
  })

  test('and finds one that survives it is answered', async () => {
    const lab = await startLabGateway()
    const mortal = await labEngine((_request, _response, engine) => void engine.die())
    const engine = await labEngine()
    await lab.applied(lab.model(tierOf([mortal, engine])))
    const body = 'x'.repeat(3_000_000)
    const answers = [await ask({ port: lab.port, path: '/v1/x', body })]
    if (!mortal.isDead) answers.push(await ask({ port: lab.port, path: '/v1/x', body }))
    expect(answers.map(one => one.status)).toEqual(answers.map(() => 200))
    expect(new Set([...mortal.received, ...engine.received].map(one => one.body.length))).toEqual(new Set([3_000_000]))
    expect([mortal.isDead, mortal.received.length]).toEqual([true, 1])
  })

  test('by silence is given to two as well', async () => {
    const lab = await startLabGateway()
    const engines = await Promise.all([1, 2, 3].map(() => labEngine(() => undefined)))
    await lab.applied(lab.model(tierOf(engines, { readTimeoutSeconds: 1 })))
    const answer = await ask({ port: lab.port, path: '/v1/x', body: '{}' })
    expect(errorOf(answer).code).toBe('engine_failed')
    expect(engines.map(one => one.received.length).toSorted()).toEqual([0, 1, 1])
  })
})
