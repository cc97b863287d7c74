import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Waiting } from '../../../src/core/domain/gateway-model.ts'
import { clientPaths } from '../../../src/core/engines/client-paths.ts'
import { freePort } from '../../support/stand-in-engine.ts'
import { until } from '../../support/until.ts'
import { writeModel } from '../cluster/model.ts'
import { ask, errorOf } from './ask.ts'
import { hammer } from './hammer.ts'
import { labEngine, labTier, startLabGateway } from './lab-gateway.ts'
import { refusingEngine } from './refusing-engine.ts'

describe('a request that was not delivered', () => {
  it('moves on to an engine that is there, once', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    const gone = await Promise.all([1, 2, 3].map(freePort))
    await lab.applied(lab.model(labTier([...gone.map(port => ({ port })), engine])))
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await ask({ port: lab.port, path: '/v1/x', body: '{}' })).status),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(engine.received.length).toBe(40)
  })

  it.each(['GET', 'POST'])('to anybody is told to come back: %s', async method => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(labTier([{ port: await freePort() }, { port: await freePort() }])))
    const answer = await ask({ port: lab.port, path: '/v1/x', method })
    expect(errorOf(answer)).toEqual({ status: 503, type: 'service_unavailable', code: 'tier_unreachable', param: null })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
    expect(answer.headers['x-should-retry']).toBeUndefined()
  })

  it('is passed on once, by whatever address of the machine it came, and whatever its head says', async () => {
    const lab = await startLabGateway()
    // A second address of a network: what the machine itself sends there comes from the first.
    for (const address of ['192.0.2.1/24', '192.0.2.2/24']) {
      await execa('ip', ['address', 'add', address, 'dev', 'lo'])
      onTestFinished(async () => void (await execa('ip', ['address', 'del', address, 'dev', 'lo'])))
    }
    await lab.applied(lab.model(labTier([{ port: await freePort() }])))
    const heads = ['HTTP/1.1\r\nHost: a', 'HTTP/1.1\r\nHost: a\r\nX-Sluice-Client: 192.0.2.9', 'HTTP/1.0\r\nA: b']
    for (const host of ['127.0.0.1', '127.0.0.2', '192.0.2.1', '192.0.2.2']) {
      for (const head of heads) {
        const socket = connect(lab.port, host)
        socket.write(`POST /v1/x ${head}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`)
        expect([host, head, (await text(socket)).split(' ')[1]]).toEqual([host, head, '503'])
      }
    }
  })

  it('because its tier is empty is told to come back', async () => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(labTier([])))
    const answer = await ask({ port: lab.port, path: '/v1/chat/completions', body: '{}' })
    expect(errorOf(answer)).toEqual({ status: 503, type: 'service_unavailable', code: 'tier_unavailable', param: null })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
  })
})

describe('a tier without an engine', () => {
  const why = `It waits: "a" \\ 'b' {c}; #d`
  it.each<[Waiting, string, RegExp, string | undefined]>([
    [
      { kind: 'loading', job: '42', since: '2026-01-31T12:00:03Z', retryAfterSeconds: 13 },
      'tier_loading',
      /^A replica of fast \(job 42\) has been loading since 12:00:03Z; try again in 13 s$/,
      '13',
    ],
    [
      { kind: 'queued', job: '42', why, start: '2026-02-01T12:00:00Z', retryAfterSeconds: 300 },
      'tier_queued',
      /^A replica of fast \(job 42\) is queued\. It waits: "a" \\ 'b' \{c\}; #d; Slurm expects .* 2026-02-01T12:00:00Z; .* 300 s$/,
      '300',
    ],
    [{ kind: 'unrouted', retryAfterSeconds: 10 }, 'tier_not_routed', /sluice status/, '10'],
    [{ kind: 'leaving', retryAfterSeconds: 10 }, 'tier_leaving', /is leaving/, '10'],
    [{ kind: 'failed', job: '42' }, 'tier_failed', /sluice explain 42$/, undefined],
    [{ kind: 'none' }, 'tier_not_submitted', /sluice submit fast$/, undefined],
  ])('says that it is %o', async (waiting, code, message, retryAfter) => {
    const lab = await startLabGateway()
    await lab.applied(lab.model({ ...labTier([]), waiting }))
    for (const body of [undefined, '{}']) {
      const answer = await ask({ port: lab.port, path: '/v1/messages', ...(body === undefined ? {} : { body }) })
      expect(errorOf(answer)).toEqual({ status: 503, type: 'service_unavailable', code, param: null })
      expect(JSON.parse(answer.text).error.message).toMatch(message)
      expect(answer.headers['retry-after']).toBe(retryAfter)
    }
  })

  it('that is taken out of sluice.yaml is not the tier’s at /', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    const fast = labTier([engine], { paths: clientPaths('llama.cpp') })
    await lab.applied(lab.model(fast, { ...fast, name: 'old', path: '/old/' }))
    expect((await ask({ port: lab.port, path: '/old/v1/models' })).status).toBe(200)
    await lab.applied(lab.model(fast))
    for (const path of ['/old', '/old/', '/old/v1/models', '/old/v1/chat/completions', '/old/health']) {
      const answer = await ask({ port: lab.port, path, body: '{}' })
      expect([path, errorOf(answer)]).toEqual([
        path,
        { status: 404, type: 'invalid_request_error', code: 'unknown_path', param: null },
      ])
    }
    expect(engine.received).toHaveLength(1)
  })
})

describe('a request that kills engines', () => {
  it.each(['POST', 'GET', 'PUT'])('kills two of four: %s', async method => {
    const lab = await startLabGateway()
    const engines = await Promise.all(
      [1, 2, 3, 4].map(() =>
        labEngine((request, response, engine) => {
          if (request.url === '/v1/death') void engine.die()
          else response.end('alive')
        }),
      ),
    )
    await lab.applied(lab.model(labTier(engines)))
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

  it('and finds one that survives it is answered', async () => {
    const lab = await startLabGateway()
    const mortal = await labEngine((_request, _response, engine) => void engine.die())
    const engine = await labEngine()
    await lab.applied(lab.model(labTier([mortal, engine])))
    const body = 'x'.repeat(3_000_000)
    const answers = [await ask({ port: lab.port, path: '/v1/x', body })]
    if (!mortal.isDead) answers.push(await ask({ port: lab.port, path: '/v1/x', body }))
    expect(answers.map(one => one.status)).toEqual(answers.map(() => 200))
    expect(new Set([...mortal.received, ...engine.received].map(one => one.body.length))).toEqual(new Set([3_000_000]))
    expect([mortal.isDead, mortal.received.length]).toEqual([true, 1])
  })

  it('but serves on for others has another engine the second time, however idle the first is', async () => {
    const lab = await startLabGateway()
    // It closes every connection, so that it has the fewest; those that answer are busy with others all the time.
    const closing = await labEngine((_request, response) => void response.destroy())
    const engines = [closing, ...(await Promise.all([1, 2].map(() => labEngine())))]
    await lab.applied(lab.model(labTier(engines)))
    const load = hammer(lab.port, { clients: 8 })
    await load.answered(300)
    const { failures } = await load.stop()
    expect([failures, closing.received.length > 0]).toEqual([[], true])
  })

  it('by silence is given to two as well', async () => {
    const lab = await startLabGateway()
    const engines = await Promise.all([1, 2, 3].map(() => labEngine(() => undefined)))
    await lab.applied(lab.model(labTier(engines, { readTimeoutSeconds: 1 })))
    const answer = await ask({ port: lab.port, path: '/v1/x', body: '{}' })
    expect(errorOf(answer).code).toBe('engine_failed')
    expect(engines.map(one => one.received.length).toSorted()).toEqual([0, 1, 1])
  })
})

it('requests that make engines close without an answer cost others nothing', async () => {
  const lab = await startLabGateway()
  const engines = await Promise.all(
    [1, 2].map(() =>
      labEngine((question, response) => {
        if (question.url === '/v1/poison') response.destroy()
        else response.end('alive')
      }),
    ),
  )
  await lab.applied(lab.model(labTier(engines)))
  const others = hammer(lab.port, { clients: 8 })
  for (let round = 0; round < 50; round++) {
    const poisoned = await ask({ port: lab.port, path: '/v1/poison', body: '{}' })
    expect(errorOf(poisoned).code).toBe('engine_failed')
    await others.answered(10)
  }
  const { failures, count } = await others.stop()
  expect([failures, count >= 500]).toEqual([[], true])
})

describe('a request that an engine refuses before it has read the body', () => {
  it.each([
    // An engine that closes at once resets the connection: nginx, if the system lets it wait just then, writes into the
    // reset before it has read the answer, which it then throws away. Without sendfile_max_chunk 26 of 40 are lost.
    { status: 400, bytes: 900_000, closes: 'at once', requests: 20, lost: 2 },
    { status: 413, bytes: 20_000_000, closes: 'at once', requests: 40, lost: 4 },
    { status: 413, bytes: 20_000_000, closes: 'late', requests: 5, lost: 0 },
  ] as const)('is answered as the engine said: %o', async ({ status, bytes, closes, requests, lost }) => {
    const lab = await startLabGateway()
    const engines = await Promise.all([1, 2].map(() => refusingEngine(status, closes)))
    await lab.applied(lab.model(labTier(engines)))
    const body = 'x'.repeat(bytes)
    const answers: string[] = []
    for (let index = 0; index < requests; index++) {
      const answer = await ask({ port: lab.port, path: '/v1/x', body })
      answers.push(`${answer.status} ${errorOf(answer).code}`)
    }
    const others = answers.filter(answer => answer !== `${status} refused`)
    expect(others.slice(0, lost)).toEqual(others.map(() => '502 engine_failed'))
    expect(engines.every(one => one.delivered > 0)).toBe(true)
  })

  it('as llama-server does with a key of others', async () => {
    const lab = await startLabGateway()
    const port = await freePort()
    const model = join(lab.directory, 'small.gguf')
    await writeModel(model)
    const argv = [
      '--model',
      model,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--api-key',
      'theirs',
      '--threads',
      '1',
    ]
    const engine = execa('llama-server', argv, { reject: false, stdio: 'ignore' })
    onTestFinished(async () => {
      engine.kill('SIGKILL')
      await engine
    })
    const isUp = () =>
      ask({ port, path: '/health' }).then(
        ({ status }) => status === 200,
        () => false,
      )
    await until('llama-server', isUp, { timeoutMs: 60_000 })
    await lab.applied(lab.model(labTier([{ port }])))
    const body = 'x'.repeat(20_000_000)
    const statuses: number[] = []
    for (let index = 0; index < 20; index++)
      statuses.push((await ask({ port: lab.port, path: '/v1/completions', body })).status)
    expect(statuses).toEqual(statuses.map(() => 401))
  })

  it('larger than any is refused by the gateway, in the same shape', async () => {
    const lab = await startLabGateway()
    const engine = await refusingEngine(413, 'late')
    await lab.applied(lab.model(labTier([engine])))
    const answer = await ask({ port: lab.port, path: '/v1/x', body: 'x', headers: { 'content-length': '67108865' } })
    expect(errorOf(answer)).toEqual({
      status: 413,
      type: 'invalid_request_error',
      code: 'request_too_large',
      param: null,
    })
    expect(engine.delivered).toBe(0)
  })
})

describe('a request whose generation was replaced while it was sent', () => {
  async function slowSender(port: number, path: string, host = '127.0.0.1') {
    const sent = request({ host, port, path, method: 'POST', headers: { 'content-length': 10 } })
    const answered = once(sent, 'response').then(async ([response]) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      return { status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() }
    })
    sent.write('01234')
    await ask({ host, port, path: '/v1/before', body: '{}' })
    return {
      finish() {
        sent.end('56789')
        return answered
      },
    }
  }

  it.each(['127.0.0.1', '::1'])('reaches the engines of today by %s, as it was sent', async host => {
    const lab = await startLabGateway()
    const [old, young] = [await labEngine(), await labEngine()]
    const modelOf = (engine: { port: number }) => ({
      ...lab.model(labTier([engine])),
      listen: host === '::1' ? `[::1]:${lab.port}` : lab.port,
    })
    await lab.applied(modelOf(old))
    const slow = await slowSender(lab.port, '/v1/a%2Fb?c=%20d', host)
    await lab.applied(modelOf(young))
    await old.die()
    expect(await slow.finish()).toMatchObject({ status: 200, text: JSON.stringify({ port: young.port }) })
    expect(
      young.received.map(({ url, body, headers }) => [url, body, headers['x-real-ip'], headers['x-sluice-client']]),
    ).toEqual([['/v1/a/b?c=%20d', '0123456789', host, undefined]])
  })

  it('and finds nobody there either is told to come back', async () => {
    const lab = await startLabGateway()
    const old = await labEngine()
    await lab.applied(lab.model(labTier([old])))
    const slow = await slowSender(lab.port, '/v1/x')
    await lab.applied(lab.model(labTier([{ port: await freePort() }])))
    await old.die()
    expect(errorOf(await slow.finish())).toMatchObject({ status: 503, code: 'tier_unreachable' })
  })
})

it('a client that heeds Keep-Alive may use a connection that was idle for 1.9 s, over reloads', async () => {
  const lab = await startLabGateway()
  const engines = [await labEngine(), await labEngine()]
  await lab.applied(lab.model(labTier(engines)))
  const failures: unknown[] = []
  let count = 0
  let isOver = false
  const clients = Array.from({ length: 60 }, async (_, index) => {
    // Node's agent itself uses none that was idle for longer than what was announced, less a second.
    const agent = new Agent({ keepAlive: true, agentKeepAliveTimeoutBuffer: 0 })
    while (!isOver) {
      await ask({ port: lab.port, path: '/v1/x', body: '{}', agent }).catch(error => failures.push(error))
      count += 1
      await sleep(1_000 + index * 15)
    }
    agent.destroy()
  })
  for (let reload = 0; reload < 20; reload++) {
    await lab.applied(lab.model(labTier(reload % 2 === 0 ? engines.slice(1) : engines)))
    await sleep(300)
  }
  isOver = true
  await Promise.all(clients)
  expect([failures, count > 200]).toEqual([[], true])
})
