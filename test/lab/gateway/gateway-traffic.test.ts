import { once } from 'node:events'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { findNginx } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { freePort } from '../../support/stand-in-engine.ts'
import { ask, errorOf, openAnswer } from './ask.ts'
import { labEngine, labTier, startLabGateway } from './lab-gateway.ts'

describe('a request reaches its tier', () => {
  it.each([
    ['/reasoning/v1/models', '/v1/models'],
    ['/reasoning/v1/a%2Fb%3Ac?x=%2F&y=a/b', '/v1/a/b:c?x=%2F&y=a/b'],
    ['/reasoning//v1/./a//b', '/v1/a/b'],
    ['/reasoning/v1?', '/v1'],
    ['/reasoning/v1?next=/reasoning/v2', '/v1?next=/reasoning/v2'],
    ['http://elsewhere/reasoning/v1?a', '/v1?a'],
  ])('%s as %s', async (path, seen) => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    await lab.applied(lab.model(labTier([engine], { name: 'reasoning', path: '/reasoning/' })))
    expect(await ask({ port: lab.port, path })).toMatchObject({ status: 200 })
    expect(engine.received.map(one => one.url)).toEqual([seen])
  })

  it('by the path, by the port of its own, or because it is the default', async () => {
    const lab = await startLabGateway()
    const own = await freePort()
    const [fast, reasoning] = [await labEngine(), await labEngine()]
    await lab.applied(
      lab.model(labTier([fast]), labTier([reasoning], { name: 'reasoning', path: '/reasoning/', port: own })),
    )
    const port = async (at: number, path: string) => JSON.parse((await ask({ port: at, path })).text).port
    expect(await port(lab.port, '/v1/models')).toBe(fast.port)
    expect(await port(lab.port, '/reasoning/v1/models')).toBe(reasoning.port)
    expect(await port(own, '/v1/models?a=%2F')).toBe(reasoning.port)
    expect(await port(lab.port, 'http://elsewhere/v1/b%2Fc?d')).toBe(fast.port)
    expect(reasoning.received.map(one => one.url)).toEqual(['/v1/models', '/v1/models?a=%2F'])
    expect(fast.received.map(one => one.url)).toEqual(['/v1/models', '/v1/b/c?d'])
  })

  it('with its body, and with no header that a client made up for us', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    await lab.applied(lab.model(labTier([engine])))
    const body = JSON.stringify({ prompt: 'x'.repeat(3_000_000) })
    await ask({
      port: lab.port,
      path: '/v1/chat/completions',
      body,
      headers: {
        'x-forwarded-for': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        'proxy-authorization': 'secret',
        te: 'trailers',
        authorization: 'Bearer key',
        'x-api-key': 'key',
      },
    })
    expect(engine.received.map(one => one.body === body)).toEqual([true])
    expect(engine.received[0]?.headers).toEqual({
      host: `127.0.0.1:${lab.port}`,
      'content-length': String(body.length),
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `127.0.0.1:${lab.port}`,
      'x-forwarded-port': String(lab.port),
      'x-forwarded-proto': 'http',
    })
  })

  it('again from its path without the slash', async () => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(labTier([await labEngine()], { path: '/fast/' })))
    const answer = await ask({ port: lab.port, path: '/fast?a=1', body: '{}' })
    expect([answer.status, answer.headers.location]).toEqual([308, '/fast/?a=1'])
  })
})

describe('an answer', () => {
  it('is passed on while it is written, piece by piece', async () => {
    const lab = await startLabGateway()
    const written = Promise.withResolvers<ServerResponse>()
    const engine = await labEngine((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      written.resolve(response)
    })
    await lab.applied(lab.model(labTier([engine])))
    const response = await openAnswer({ port: lab.port, path: '/v1/chat/completions', body: '{}' })
    response.setEncoding('utf8')
    for (const piece of ['data: first\n\n', 'data: second\n\n', 'data: last\n\n']) {
      ;(await written.promise).write(piece)
      expect(await once(response, 'data')).toEqual([piece])
    }
    ;(await written.promise).end()
    await once(response, 'end')
  })

  it('is held back in the engine, not on our disk, while its client does not read', async () => {
    const lab = await startLabGateway()
    const size = 64 * 1024 * 1024
    let isBlocked = false
    const engine = await labEngine((_request, response) => {
      isBlocked = !response.write(Buffer.alloc(size))
      response.end()
    })
    await lab.applied(lab.model(labTier([engine])))
    const response = await openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })
    expect(isBlocked).toBe(true)
    expect(await spooledBytes()).toBe(0)
    let received = 0
    for await (const part of response) received += part.length
    expect([received, await spooledBytes()]).toEqual([size, 0])

    /** Files that nginx holds open in its temporary directory; they have no name any more. */
    async function spooledBytes(): Promise<number> {
      const workers = findNginx(lab.directory).filter(one => one.role === 'worker')
      const sizes = workers.flatMap(({ pid }) =>
        readdirSync(`/proc/${pid}/fd`).map(fd =>
          readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/temporary/') ? statSync(`/proc/${pid}/fd/${fd}`).size : 0,
        ),
      )
      return sizes.reduce((sum, one) => sum + one, 0)
    }
  })

  it('that breaks off after its first byte breaks off for the client', async () => {
    const lab = await startLabGateway()
    const engines = await Promise.all(
      [1, 2].map(() =>
        labEngine((_request, response) => {
          response.write('data: first\n\n', () => response.destroy())
        }),
      ),
    )
    await lab.applied(lab.model(labTier(engines)))
    await expect(ask({ port: lab.port, path: '/v1/chat/completions', body: '{}' })).rejects.toThrow('aborted')
    expect(engines.map(one => one.received.length).toSorted()).toEqual([0, 1])
  })

  it.each([502, 503, 504])('of an engine that says %i itself is passed on, and is not tried again', async status => {
    const lab = await startLabGateway()
    const engines = await Promise.all(
      [1, 2].map(() => labEngine((_request, response) => void response.writeHead(status).end('Loading model'))),
    )
    await lab.applied(lab.model(labTier(engines)))
    const answer = await ask({ port: lab.port, path: '/v1/chat/completions', body: '{}' })
    expect([answer.status, answer.text]).toEqual([status, 'Loading model'])
    expect(engines.map(one => one.received.length).toSorted()).toEqual([0, 1])
  })
})

it('a client that leaves ends the work of its engine', async () => {
  const lab = await startLabGateway()
  const closed = Promise.withResolvers<void>()
  const engine = await labEngine((_request, response) => {
    response.once('close', () => closed.resolve())
    response.write('data: first\n\n')
  })
  await lab.applied(lab.model(labTier([engine])))
  const response = await openAnswer({ port: lab.port, path: '/v1/chat/completions', body: '{}' })
  response.destroy()
  await closed.promise
  expect(engine.received.length).toBe(1)
})

describe('a request that nginx refuses is told why in the shape of OpenAI', () => {
  it.each([
    ['an unknown path', { path: '/nowhere' }, 404, 'unknown_path'],
    ['a path that only normalizes to a tier', { path: '/x/../fast/v1' }, 404, 'unknown_path'],
    ['a path of our own', { path: '/_sluice/refused/400' }, 404, 'unknown_path'],
    ['a method', { path: '/fast/v1', method: 'TRACE' }, 405, 'method_not_allowed'],
    [
      'a size',
      { path: '/fast/v1', method: 'POST', headers: { 'content-length': '67108865' } },
      413,
      'request_too_large',
    ],
    ['a long line', { path: `/fast/${'x'.repeat(9000)}` }, 414, 'uri_too_long'],
    ['a long header', { path: '/fast/v1', headers: { x: 'x'.repeat(9000) } }, 431, 'headers_too_large'],
    ['no path at all', { path: '*', method: 'OPTIONS' }, 400, 'bad_request'],
    ['a bad request', { path: '/fast/v1', headers: { host: 'a b' } }, 400, 'bad_request'],
  ])('%s', async (_what, question, status, code) => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    await lab.applied(lab.model(labTier([engine], { path: '/fast/' })))
    const answer = await ask({ port: lab.port, ...question })
    expect(errorOf(answer)).toEqual({ status, type: 'invalid_request_error', code, param: null })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(engine.received).toEqual([])
  })

  it('an unknown path, with those there are', async () => {
    const lab = await startLabGateway()
    await lab.applied(lab.model(labTier([], { path: '/fast/' }), labTier([], { name: 'slow', path: '/slow/' })))
    expect(JSON.parse((await ask({ port: lab.port, path: '/v1' })).text).error.message).toBe(
      'Nothing is served at this path; this gateway serves /fast/, /slow/',
    )
  })
})
