import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { placesBelow } from '../../../src/adapters/gateway/state-directory.ts'
import { clientPaths } from '../../../src/core/engines/client-paths.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { ask, errorOf } from './ask.ts'
import { labEngine, labTier, startLabGateway } from './lab-gateway.ts'

/** What engines serve to those who run them, or to anybody in the place of a client. */
const ADMINISTRATION = [
  ...['/server_info', '/get_server_info', '/get_model_info', '/model_info', '/props', '/slots', '/slots/0', '/metrics'],
  ...[
    '/flush_cache',
    '/update_weights_from_disk',
    '/update_weights_from_tensor',
    '/load_lora_adapter',
    '/unload_lora_adapter',
  ],
  ...[
    '/v1/load_lora_adapter',
    '/v1/unload_lora_adapter',
    '/collective_rpc',
    '/sleep',
    '/wake_up',
    '/is_sleeping',
    '/reset_prefix_cache',
  ],
  ...[
    '/start_profile',
    '/stop_profile',
    '/invocations',
    '/v1/streams',
    '/v1/streams/1',
    '/docs',
    '/openapi.json',
    '/redoc',
    '/inference/v1/generate',
  ],
  ...[
    '/models/load',
    '/models/unload',
    '/lora-adapters',
    '/abort_request',
    '/pause_generation',
    '/scale_elastic_ep',
    '/set_internal_state',
  ],
  ...[
    '/release_memory_occupation',
    '/freeze_gc',
    '/configure_logging',
    '/start_expert_distribution_record',
    '/dump_expert_distribution_record',
  ],
  ...[
    '/ping',
    '/version',
    '/info',
    '/load',
    '/tools',
    '/v1',
    '/v1/',
    '/v1/x',
    '/v1/chat',
    '/v1/realtime',
    '/v2/models',
    '/_sluice/generation',
  ],
]

/** Requests for what is not on the list that something between here and an engine may take for one that is, or the other way round. */
const SPELLINGS = [
  ...[
    '/server_info%0a',
    '/server_info%0d%0a',
    '/server_info%00',
    '/%73erver_info',
    '//server_info',
    '/./server_info',
    '/server_info/',
  ],
  ...[
    '/v1/../server_info',
    '/v1/%2e%2e/server_info',
    '/v1/.%2e/server_info',
    '/v1%2f..%2fserver_info',
    '/v1/..%5cserver_info',
    '/v1\\..\\server_info',
  ],
  ...[
    '/v1/models/../server_info',
    '/v1/models/%2e%2e/server_info',
    '/v1/models/..%2f..%2fserver_info',
    '/v1/models/%2e%2e/%2e%2e/props',
  ],
  ...[
    '/v1/models/..;/server_info',
    '/v1/models;a=b',
    '/v1/models;/../server_info',
    '/v1/models%3b',
    '/v1/models/x;y',
    '/v1/models/x%3fy',
  ],
  ...[
    '/v1/models%0a',
    '/v1/models%09',
    '/v1/models%20',
    '/v1/models%7f',
    '/v1/models%5c',
    '/v1/models%00',
    '/v1/models/x%0a',
    '/v1/models/x%0d%0aX:%20y',
  ],
  ...[
    '/v1/chat/completions%0a',
    '/v1/chat/completions/',
    '/v1/chat/completions/x',
    '/v1/chat/completions%23',
    '/v1/chat/completions%3f',
    '/v1/chat/completions%2520',
  ],
  ...[
    '/V1/models',
    '/v1/Models',
    '/v1/CHAT/completions',
    '/v1/chat/completions;v=1',
    '/v1/chat/%2e%2e/chat/completions',
    '/v1/x/../models',
    '/v1/models/../models',
  ],
  ...[
    '/v1/models/%252e%252e/server_info',
    '/v1/models/a%25',
    '/v1/models/a b',
    '/v1/models/%c0%ae%c0%ae/server_info',
    '/v1/models/%e2%80%ae',
    '/v1/models/*',
    '/v1/models/',
  ],
  ...[
    '/health%0a',
    '/health/',
    '/health/../slots',
    '/chat/server_info%0a',
    '/x/v1/models',
    '/v1/v1/models',
    '/v1/models&x',
    'http://elsewhere/server_info',
  ],
  ...[
    'http://elsewhere/v1/%2e%2e/server_info',
    '/#/v1/models',
    '/server_info#/v1/models',
    '/server_info?/v1/models',
    '/server_info%3f/v1/models',
  ],
]

const engines = Object.keys(ENGINES) as EngineName[]

describe.each(engines)('of %s', name => {
  it('nothing but what is on its list is reached, by whatever spelling', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    const tier = labTier([engine], { paths: clientPaths(name) })
    await lab.applied(lab.model(tier, { ...tier, name: 'below', path: '/below/' }))
    for (const path of [...ADMINISTRATION, ...SPELLINGS]) {
      for (const one of path.startsWith('/') ? [path, `/below${path}`] : [path]) {
        for (const method of ['GET', 'POST']) {
          const { status, body } = await askRaw(lab.port, method, one)
          expect([one, status === 400 ? 404 : status]).toEqual([one, 404])
          expect([one, JSON.parse(body).error?.type]).toEqual([one, 'invalid_request_error'])
        }
      }
    }
    expect(engine.received).toEqual([])
  })

  it('all that is on it is, at the path and at the port of its tier', async () => {
    const lab = await startLabGateway()
    const engine = await labEngine()
    await lab.applied(lab.model(labTier([engine], { path: '/below/', paths: clientPaths(name) })))
    const asked = clientPaths(name).map(path =>
      path.replace('{id}', 'resp_1-a').replace('{model}', 'meta/Llama-3.1:8b'),
    )
    for (const path of asked) {
      for (const body of [undefined, '{}']) {
        const question = { port: lab.port, path: `/below${path}?a=%2F..`, ...(body === undefined ? {} : { body }) }
        expect([path, (await ask(question)).status]).toEqual([path, 200])
      }
    }
    expect(engine.received.map(one => one.url)).toEqual(asked.flatMap(path => Array(2).fill(`${path}?a=%2F..`)))
  })
})

it('the root tells a browser what this is, and is nothing to anybody else', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  const paths = clientPaths('llama.cpp')
  await lab.applied(lab.model(labTier([engine], { paths }), labTier([engine], { name: 'slow', path: '/slow/', paths })))
  for (const path of ['/', '/index.html', '/?a=b']) {
    const { status, headers, text: page } = await ask({ port: lab.port, path })
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'text/plain' })
    expect(page).toMatch(/^This is Sluice: .*\n\nA base URL is .*\n {2}\/v1 +fast\n {2}\/slow\/v1 +slow\n/)
    expect(page).toContain(`-d '{"model": "NAME", "messages"`)
  }
  expect((await ask({ port: lab.port, path: '/favicon.ico' })).status).toBe(204)
  for (const path of ['/', '/#/v1/models', '//', '/v1/..', '/slow/', '/slow/index.html']) {
    for (const method of path === '/' ? ['POST', 'OPTIONS'] : ['GET', 'POST']) {
      expect([path, method, (await askRaw(lab.port, method, path)).status === 200]).toEqual([path, method, false])
    }
  }
  expect(engine.received).toEqual([])
  expect((await ask({ port: lab.port, path: '/v1/models' })).status).toBe(200)
  expect(engine.received.map(one => one.url)).toEqual(['/v1/models'])
})

it('the root of a tier that serves one is its own', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  await lab.applied(lab.model(labTier([engine], { paths: ['/', '/{model}'] })))
  for (const path of ['/', '/index.html', '/favicon.ico']) await ask({ port: lab.port, path })
  expect(engine.received.map(one => one.url)).toEqual(['/', '/index.html', '/favicon.ico'])
})

it('what is matched is what an engine is asked for, however it was written', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  await lab.applied(lab.model(labTier([engine], { path: '/below/', paths: clientPaths('vllm') })))
  for (const path of [
    '/below/v1/%6dodels',
    '/below//v1//models',
    '/%62elow/./v1%2Fmodels?x',
    '/below/v1/models/a%2Fb',
  ]) {
    expect([path, (await askRaw(lab.port, 'GET', path)).status]).toEqual([path, 200])
  }
  expect(engine.received.map(one => one.url)).toEqual(['/v1/models', '/v1/models', '/v1/models?x', '/v1/models/a/b'])
})

it('a tier without an engine refuses other paths as one with engines does', async () => {
  const lab = await startLabGateway()
  await lab.applied(lab.model(labTier([], { paths: clientPaths('vllm') })))
  const refused = await ask({ port: lab.port, path: '/metrics' })
  expect(errorOf(refused)).toEqual({ status: 404, type: 'invalid_request_error', code: 'unknown_path', param: null })
  expect((await ask({ port: lab.port, path: '/v1/models' })).status).toBe(503)
})

it('an engine learns no conversation of a client’s, and no client what sites an engine lets in', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine((_request, response) => {
    const names = ['Origin', 'Credentials', 'Headers', 'Methods', 'Private-Network'].map(name => `Allow-${name}`)
    for (const name of [...names, 'Expose-Headers', 'Max-Age']) response.setHeader(`Access-Control-${name}`, '*')
    response.setHeader('X-Other', 'kept').end('{}')
  })
  await lab.applied(lab.model(labTier([engine])))
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const headers = { 'x-conversation-id': 'of another', origin: 'http://elsewhere' }
    const answer = await ask({ port: lab.port, path: '/v1/x', method, headers })
    expect(answer.headers).toMatchObject({ 'x-other': 'kept' })
    expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([])
  }
  expect(engine.received.map(one => one.headers['x-conversation-id'])).toEqual([undefined, undefined, undefined])
})

it('whose request it is an engine hears from nobody but the gateway', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine()
  await lab.applied(lab.model(labTier([engine])))
  // On the gateway's own machine a client may write what an old worker writes, but nothing other than an address.
  for (const name of ['', '"evil, 192.0.2.9', '192.0.2.9, 192.0.2.8']) {
    await ask({ port: lab.port, path: '/v1/x', headers: { 'x-sluice-client': name } })
  }
  expect(engine.received.map(({ headers }) => [headers['x-real-ip'], headers['x-forwarded-for']])).toEqual(
    Array(3).fill(['127.0.0.1', '127.0.0.1']),
  )
})

it('what a client makes of one line of the access log has a bound', async () => {
  const lab = await startLabGateway()
  await lab.applied(lab.model(labTier([await labEngine()])))
  await askRaw(lab.port, 'GET', `/v1/${'%01'.repeat(2_000)}`)
  await askRaw(lab.port, 'A'.repeat(7_000), '/v1/x')
  const lines = async () => (await readFile(placesBelow(lab.directory).accessLog, 'utf8')).split('\n').slice(0, -1)
  await expect.poll(async () => (await lines()).length).toBe(2)
  const logged = (await lines()).map(line => ({ length: line.length, ...JSON.parse(line) }))
  expect(logged).toMatchObject([
    { client: '127.0.0.1', method: 'GET' },
    { method: 'A'.repeat(32), path: '/v1/x' },
  ])
  expect(Math.max(...logged.map(line => line.length))).toBeLessThan(2_000)
})

/** With a request line that no client library would send. */
async function askRaw(port: number, method: string, target: string): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const answer = await text(socket)
  return { status: Number(answer.split(' ')[1]), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) }
}
