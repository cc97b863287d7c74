import { mkdtemp, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { type ClientRequest, request, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it, onTestFinished } from 'vitest'
import { findNginx, type NginxProcess } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { LARGE_BODIES } from '../../../src/adapters/gateway/render/error-answer.ts'
import { placesBelow } from '../../../src/adapters/gateway/state-directory.ts'
import { signal as sendSignal } from '../../../src/adapters/system/processes.ts'
import { ask, errorOf, openAnswer } from './ask.ts'
import { labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'

it('one address has so many requests at once and no more, while others and the machine itself are served', async () => {
  const lab = await startLabGateway()
  await execa('ip', ['address', 'add', '192.0.2.1/32', 'dev', 'lo'])
  await execa('ip', ['address', 'add', '192.0.2.2/32', 'dev', 'lo'])
  onTestFinished(async () => {
    for (const address of ['192.0.2.1', '192.0.2.2'])
      await execa('ip', ['address', 'del', `${address}/32`, 'dev', 'lo'])
  })
  const open: ServerResponse[] = []
  const engine = await labEngine((one, response) => {
    if (one.url === '/v1/quick') response.end('{}')
    else {
      response.write('{')
      open.push(response)
    }
  })
  await lab.applied({ ...lab.model(labTier([engine])), connectionsPerClient: 3 })
  const from = (localAddress: string) => (method: string, path: string) =>
    openAnswer({ port: lab.port, path, localAddress, method, ...(method === 'POST' ? { body: '{}' } : {}) })
  const guest = from('192.0.2.1')
  const streams = [await guest('POST', '/v1/a'), await guest('POST', '/v1/b'), await guest('GET', '/v1/c')]
  expect(streams.map(one => one.statusCode)).toEqual([200, 200, 200])
  for (const method of ['POST', 'GET']) {
    const refused = await ask({
      port: lab.port,
      path: '/v1/quick',
      localAddress: '192.0.2.1',
      ...(method === 'POST' ? { body: '{}' } : {}),
    })
    expect(errorOf(refused)).toMatchObject({ status: 429, code: 'too_many_requests' })
    expect(refused.headers['retry-after']).toBe('5')
  }
  const own = await Promise.all(Array.from({ length: 5 }, () => openAnswer({ port: lab.port, path: '/v1/d' })))
  expect(own.map(one => one.statusCode)).toEqual(Array(5).fill(200))
  expect((await ask({ port: lab.port, path: '/v1/quick', localAddress: '192.0.2.2' })).status).toBe(200)
  for (const response of open) response.end('}')
  for (const stream of [...streams, ...own]) stream.resume()
  await expect
    .poll(async () => (await ask({ port: lab.port, path: '/v1/quick', localAddress: '192.0.2.1' })).status)
    .toBe(200)
})

it('bodies that are kept in files have a bound in all', async () => {
  const lab = await startLabGateway()
  await lab.applied(lab.model(labTier([await labEngine()])))
  const hold = () => unfinished(lab.port, 2_000_000)
  const large = Array.from({ length: LARGE_BODIES }, hold)
  const refused = async () => (await ask({ port: lab.port, path: '/v1/x', body: 'x'.repeat(2_000_000) })).status
  await untilFull(refused, () => large.push(hold()))
  expect((await ask({ port: lab.port, path: '/v1/x', body: '{}' })).status).toBe(200)
  for (const one of large) one.sent.destroy()
  await expect.poll(refused, { timeout: 20_000 }).toBe(200)
})

it('one client has no more than half of the bodies that may be kept in files', async () => {
  const lab = await startLabGateway()
  for (const address of ['192.0.2.1/32', '192.0.2.2/32']) {
    await execa('ip', ['address', 'add', address, 'dev', 'lo'])
    onTestFinished(async () => void (await execa('ip', ['address', 'del', address, 'dev', 'lo'])))
  }
  await lab.applied(lab.model(labTier([await labEngine()])))
  const from = (localAddress: string) => async (length: number) =>
    (await ask({ port: lab.port, path: '/v1/x', body: 'x'.repeat(length), localAddress })).status
  const [guest, other] = [from('192.0.2.1'), from('192.0.2.2')]
  const hold = () => unfinished(lab.port, 2_000_000, 1, '192.0.2.1')
  const large = Array.from({ length: LARGE_BODIES }, hold)
  await untilFull(
    () => guest(2_000_000),
    () => large.push(hold()),
  )
  expect([await guest(2), await other(2_000_000)]).toEqual([200, 200])
  for (const one of large) one.sent.destroy()
  await expect.poll(() => guest(2_000_000), { timeout: 20_000 }).toBe(200)
})

it('a disk that clients filled with unfinished bodies keeps no engine from being exchanged', async () => {
  const small = await mkdtemp('/tmp/sluice-small-')
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', small])
  onTestFinished(async () => {
    await execa('umount', ['-l', small])
    await rm(small, { recursive: true })
  })
  const lab = await startLabGateway({ directory: join(small, 'state') })
  const engines = [await labEngine(), await labEngine(), await labEngine(), await labEngine()]
  await lab.applied(lab.model(labTier(engines.slice(0, 1))))
  const free = async () => {
    const { bavail, bsize } = await statfs(small)
    return bavail * bsize
  }
  const bodies = Array.from({ length: 10 }, () => unfinished(lab.port, 8 << 20, 3 << 19))
  await expect.poll(free, { timeout: 20_000 }).toBeLessThan(17 << 20)
  // What is left is less than nginx writes at a time; logs and others fill that.
  await writeFile(join(small, 'others'), Buffer.alloc(await free(), 1)).catch(() => undefined)
  expect(await free()).toBe(0)
  for (const engine of engines.slice(1)) {
    await lab.applied(lab.model(labTier([engine])))
    expect(JSON.parse((await ask({ port: lab.port, path: '/v1/x' })).text).port).toBe(engine.port)
  }
  for (const one of bodies) one.sent.destroy()
  await rm(join(small, 'others'))
  await lab.applied(lab.model(labTier(engines.slice(0, 2))))
  expect(await lab.gateway.running(neverAborted)).toBeDefined()
})

/** A request whose body does not end. */
/** A question may hold the last place when another body comes, which is refused and missing afterwards: so one more each time. */
async function untilFull(ask: () => Promise<number>, holdOneMore: () => void): Promise<void> {
  const look = () => {
    holdOneMore()
    return ask()
  }
  await expect.poll(look, { timeout: 20_000 }).toBe(429)
}

function unfinished(port: number, length: number, sends = 1, localAddress?: string): { sent: ClientRequest } {
  const sent = request({
    port,
    localAddress,
    host: '127.0.0.1',
    path: '/v1/x',
    method: 'POST',
    agent: false,
    headers: { 'content-length': length },
  })
  sent.on('error', () => undefined) // it is to end without an answer
  onTestFinished(() => void sent.destroy())
  sent.write(Buffer.alloc(sends, 1))
  return { sent }
}

it('no worker of a master that is root is root, and each does all that it has to', async () => {
  const lab = await startLabGateway()
  const engine = await labEngine(({ url, body }, response) => {
    response.write(`${body.length}`)
    if (url !== '/v1/stream') response.end()
  })
  const both = [engine, await labEngine()]
  const large = () => ask({ port: lab.port, path: '/v1/x', body: 'x'.repeat(3 << 20) })
  const of = (role: NginxProcess['role']) => findNginx(lab.directory).filter(one => one.role === role)
  const uids = () => Promise.all(of('worker').map(async one => (await stat(`/proc/${one.pid}`)).uid))

  await lab.applied(lab.model(labTier([engine])))
  expect(await large()).toMatchObject({ status: 200, text: `${3 << 20}` })
  expect(new Set(await uids())).toEqual(new Set([65_534]))

  await lab.applied(lab.model(labTier(both)))
  await lab.applied(lab.model(labTier([engine])))
  expect(await large()).toMatchObject({ status: 200 })
  expect(await uids()).not.toContain(0)

  const { accessLog, errorLog } = placesBelow(lab.directory)
  await rename(accessLog, `${accessLog}.1`)
  for (const one of of('master')) sendSignal(one.pid, 'SIGUSR1')
  const logged = async () => {
    await large()
    return readFile(accessLog, 'utf8').catch(() => '')
  }
  await expect.poll(logged, { timeout: 10_000 }).toContain('/v1/x')
  expect(await readFile(errorLog, 'utf8')).toBe('')

  const stream = await openAnswer({ port: lab.port, path: '/v1/stream', body: '{}' })
  const broken = new Promise(resolve => stream.once('error', resolve))
  stream.resume()
  expect(await lab.gateway.endStreams([{ address: '127.0.0.1', port: engine.port }])).toEqual({
    ended: expect.any(Number),
  })
  expect(await broken).toMatchObject({ code: 'ECONNRESET' })

  await lab.gateway.stop({ graceMs: 0, signal: neverAborted })
  expect(findNginx(lab.directory)).toEqual([])
})
