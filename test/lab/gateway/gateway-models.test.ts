import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, it } from 'vitest'
import { route } from '../../../src/core/routing/route.ts'
import { mulberry32, randomBody } from '../../support/random-bodies.ts'
import type { StandInEngine } from '../../support/stand-in-engine.ts'
import { ask, errorOf } from './ask.ts'
import { type LabGateway, labEngine, labTier, startLabGateway } from './lab-gateway.ts'

const CHAT = '/v1/chat/completions'
const LLM = [CHAT, '/v1/messages', '/v1/responses', '/v1/responses/{id}', '/health']

let lab: LabGateway
let fast: StandInEngine
let reasoning: StandInEngine
let embed: StandInEngine

beforeEach(async () => {
  lab = await startLabGateway()
  ;[fast, reasoning, embed] = await Promise.all([labEngine(), labEngine(), labEngine()])
  await lab.applied(
    lab.model(
      labTier([fast], { name: 'fast', path: '/', paths: LLM, models: ['qwen', 'shared'] }),
      labTier([reasoning], { name: 'reasoning', path: '/reasoning/', paths: LLM, models: ['behemoth', 'shared'] }),
      labTier([], { name: 'cold', path: '/cold/', paths: LLM, models: ['rare', 'shared'] }),
      labTier([embed], { name: 'embed', path: '/embed/', paths: ['/v1/embeddings'], models: ['bge'] }),
    ),
  )
})

const post = (body: string, path = CHAT, headers: Record<string, string> = {}) =>
  ask({ port: lab.port, path, body, headers: { 'content-type': 'application/json', ...headers } })

describe('at one address', () => {
  it('a request reaches the tier that has its model, as it was sent', async () => {
    const body = JSON.stringify({ messages: [{ content: '"model":"qwen" größe 🦙' }], model: 'behemoth' })
    const answer = await post(body, `${CHAT}?a=%2F&b=%3F`)
    expect(JSON.parse(answer.text).port).toBe(reasoning.port)
    expect(reasoning.received.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', `${CHAT}?a=%2F&b=%3F`, body],
    ])
    expect(JSON.parse((await post('{"model":"shared"}')).text).port).toBe(fast.port)
    expect(JSON.parse((await post('{"model":"bge"}', '/v1/embeddings')).text).port).toBe(embed.port)
  })

  it('a body that lies in a file or comes in chunks is read as well', async () => {
    const body = JSON.stringify({ prompt: 'x'.repeat(3_000_000), model: 'behemoth' })
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      expect(JSON.parse((await post(body, CHAT, headers)).text).port).toBe(reasoning.port)
    }
    expect(reasoning.received.map(one => one.body === body)).toEqual([true, true])
  })

  it('a tier at a path of its own serves itself alone', async () => {
    expect(JSON.parse((await post('{"model":"qwen"}', `/reasoning${CHAT}`)).text).port).toBe(reasoning.port)
    expect((await post('{"model":"qwen"}', '/embed/v1/chat/completions')).status).toBe(404)
    expect(JSON.parse((await ask({ port: lab.port, path: '/health' })).text).port).toBe(fast.port)
  })

  it('a tier without engines answers in its own words', async () => {
    const answer = await post('{"model":"rare"}')
    expect(errorOf(answer)).toMatchObject({ status: 503, code: 'tier_unavailable' })
    expect(answer.headers['retry-after']).toBe('7')
  })

  it('engines that die of a request are two, of the tier that has the model', async () => {
    const poison = await Promise.all(
      [0, 1, 2].map(() => labEngine((_request, response) => void response.socket?.destroy())),
    )
    await lab.applied(
      lab.model(
        labTier([fast], { name: 'fast', paths: LLM, models: ['qwen'] }),
        labTier(poison, { name: 'poison', path: '/poison/', paths: LLM, models: ['deadly'] }),
      ),
    )
    expect(errorOf(await post('{"model":"deadly"}'))).toMatchObject({ status: 502, code: 'engine_failed' })
    expect(poison.flatMap(one => one.received).length).toBe(2)
    expect(fast.received).toEqual([])
  })

  it('the models of all tiers are listed', async () => {
    const list = JSON.parse((await ask({ port: lab.port, path: '/v1/models' })).text)
    expect(
      list.data.map((one: { id: string; owned_by: string; state: string }) => [one.id, one.owned_by, one.state]),
    ).toEqual([
      ['qwen', 'fast', 'ready'],
      ['shared', 'fast', 'ready'],
      ['behemoth', 'reasoning', 'ready'],
      ['rare', 'cold', 'cold'],
      ['bge', 'embed', 'ready'],
    ])
    expect(errorOf(await ask({ port: lab.port, path: '/v1/models/none' }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })

  it.each([
    ['%2Fv1%2Fchat', `/v1%2Fchat/completions`],
    ['a line break', `${CHAT}%0a`],
    ['dots', `/v1/x/..${CHAT.slice(3)}`],
    ['a null byte', `${CHAT}%00`],
    ['administration', '/v1/load_lora_adapter'],
    ['another case', '/v1/Chat/Completions'],
  ])('a path with %s reaches no engine but the one it names', async (_, path) => {
    const answer = await post('{"model":"behemoth"}', path).catch(() => undefined)
    const reached = reasoning.received.map(one => one.url)
    expect(answer === undefined || answer.status >= 400 || reached.every(url => url === CHAT)).toBe(true)
    expect([...fast.received, ...embed.received]).toEqual([])
  })

  it('nginx decides as the module does, for bodies made to confuse', async () => {
    const random = mulberry32(7)
    const paths = LLM.slice(0, 3).map(path => new RegExp(`^${path}$`))
    const tiers = [
      { name: 'fast', models: ['qwen', 'shared', 'model'], isRoot: true },
      { name: 'reasoning', models: ['a', '{', 'ä🦙'], isRoot: false },
    ].map(one => ({ ...one, paths, state: 'ready' as const, loadsModels: false }))
    const engines = { fast, reasoning }
    await lab.applied(
      lab.model(
        ...tiers.map(({ name, models }) =>
          labTier([engines[name as 'fast']], { name, path: name === 'fast' ? '/' : '/r/', paths: LLM, models }),
        ),
      ),
    )
    const different: unknown[] = []
    const check = async (body: string | Buffer) => {
      const request = { method: 'POST', path: CHAT, contentType: 'application/json', body: Buffer.from(body) }
      const decided = route(request, { tiers })
      const answer = await post(body as string)
      const expected =
        decided.tier === undefined ? decided.body : JSON.stringify({ port: engines[decided.tier as 'fast'].port })
      if (answer.text !== expected) different.push({ body: String(body), expected, answer: answer.text })
    }
    const odd = ['', '[]', '{', '\uFEFF{}', Buffer.from('{"model":"a"}', 'utf16le'), Buffer.from([0x7b, 0xff, 0x7d])]
    const deep = `{"x":${'['.repeat(5e5)}${']'.repeat(5e5)},"model":"a"}`
    for (const body of [...odd, deep, `{"model":"${'m'.repeat(1e6)}"}`]) await check(body)
    for (let turn = 0; turn < 500; turn++) await check(randomBody(random))
    expect(different).toEqual([])
  })

  it('a request that is smuggled behind another is one of its own', async () => {
    const socket = connect(lab.port, '127.0.0.1')
    await once(socket, 'connect')
    const one = (model: string, close = '') => {
      const body = `{"model":"${model}"}`
      return `POST ${CHAT} HTTP/1.1\r\nHost: x\r\n${close}Content-Length: ${body.length}\r\n\r\n${body}`
    }
    socket.write(one('qwen') + one('behemoth', 'Connection: close\r\n'))
    const answers = await text(socket)
    const ports = [...answers.matchAll(/"port":(\d+)/g)].map(([, port]) => Number(port))
    // nginx 1.22 answers one request on a connection.
    expect([[fast.port], [fast.port, reasoning.port]]).toContainEqual(ports)
    expect(fast.received.map(one => one.body)).toEqual(['{"model":"qwen"}'])
  })
})
