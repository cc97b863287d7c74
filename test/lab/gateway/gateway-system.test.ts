import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { freePort } from '../../support/stand-in-engine.ts'
import { until } from '../../support/until.ts'
import { ask, openAnswer } from './ask.ts'
import { fastClock } from './fast-clock.ts'
import { hammer } from './hammer.ts'
import { killAtChange } from './kill-at-change.ts'
import { labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'
import { CONF_D, endAll, type SystemGateway, startSystemGateway } from './lab-system.ts'
import { withdrawAgain } from './withdraw-again.ts'

/** A gateway and two models that differ in their only engine. The other site of that nginx is asked all the while. */
async function twoModels() {
  const lab = await startSystemGateway()
  const [first, second] = [lab.model(labTier([await labEngine()])), lab.model(labTier([await labEngine()]))]
  const others = hammer(lab.nginx.otherPort, { clients: 2, restMs: 25 })
  const isServed = async (model: GatewayModel, proof?: 'unproved') => {
    const wanted = model.tiers[0]?.servers[0]?.port
    expect(JSON.parse((await ask({ port: lab.port, path: '/v1/x' })).text).port).toBe(wanted)
    const installed = await readFile(lab.file, 'utf8')
    expect(installed).toContain(`server 127.0.0.1:${wanted} `)
    if (proof === 'unproved') return
    const running = await lab.gateway.running(neverAborted)
    expect(running?.model).toEqual(model)
    expect(installed).toContain(`# Generation ${running?.generation} of`)
  }
  return {
    lab,
    first,
    second,
    isServed,
    /** The other site has lost nothing. */
    async othersAreWell() {
      await others.answered(10)
      expect((await others.stop()).failures).toEqual([])
    },
  }
}

describe('the streams of a server', () => {
  it('are ended by root, and those of other servers go on', async () => {
    const lab = await startSystemGateway()
    const engines = await Promise.all(
      [1, 2].map(() => labEngine((_request, response) => void response.write('data: begun\n\n'))),
    )
    await lab.applied(lab.model(labTier(engines)))
    const streams = await Promise.all([1, 2].map(() => openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })))
    const ends: string[] = []
    for (const [index, stream] of streams.entries()) {
      stream.on('error', () => ends.push(`broken ${index}`)).resume()
    }
    expect(engines.map(one => one.received.length)).toEqual([1, 1])
    const [first] = engines
    // Withdrawn first, as the updater does: an old worker has its stream then.
    await lab.applied(lab.model(labTier(engines.slice(1))))
    expect(await lab.gateway.endStreams([{ address: '127.0.0.1', port: first?.port ?? 0 }])).toEqual({ ended: 1 })
    await until('a stream to break', () => ends.length > 0, { timeoutMs: 20_000 })
    expect(ends).toHaveLength(1)
    for (const stream of streams) stream.destroy()
  })
})

describe('one file in an nginx with another site', () => {
  it('is loaded once, and known again in another process', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    expect(await lab.gateway.running(neverAborted)).toBeUndefined()
    expect(await lab.gateway.apply(first, neverAborted)).toEqual({
      status: 'applied',
      generation: 1,
      reloadMs: expect.any(Number),
    })
    await isServed(first)
    expect((await readdir(CONF_D)).toSorted()).toEqual(['other.conf', 'sluice-main.conf'])
    const { uid, mode } = await stat(lab.file)
    expect([uid, mode & 0o777]).toEqual([0, 0o644])
    expect(await lab.gateway.apply(first, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
    const other = await lab.reopen()
    expect(await other.running(neverAborted)).toEqual({ generation: 1, model: first, keys: {} })
    expect(await other.apply(first, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
    expect(await other.apply(second, neverAborted)).toMatchObject({ status: 'applied', generation: 2 })
    await isServed(second)
    expect(await lab.gateway.apply(second, neverAborted)).toEqual({ status: 'unchanged', generation: 2 })
    await othersAreWell()
  })

  it('serves as a private nginx does, whatever http { } sets for others', async () => {
    const lab = await startSystemGateway()
    const mortal = await labEngine((_request, _response, engine) => void engine.die())
    const [engine, failing] = [
      await labEngine((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end('data: whole\n\n')
      }),
      await labEngine((_request, response) => void response.writeHead(502).end('my own 502')),
    ]
    const path = `/${'reasoning_'.repeat(3)}/`
    await lab.applied(
      lab.model(
        labTier([mortal, engine], { name: 'a'.repeat(32), path }),
        labTier([failing], { name: 'failing', path: '/failing/' }),
      ),
    )
    const headers = { 'accept-encoding': 'gzip' }
    for (let turn = 0; turn < 4; turn++) {
      const answer = await ask({ port: lab.port, path: `${path}v1%2Fx?a`, body: '{}', headers })
      expect([answer.status, answer.text, answer.headers['content-encoding']]).toEqual([
        200,
        'data: whole\n\n',
        undefined,
      ])
    }
    expect(engine.received.map(one => [one.url, one.headers['x-site']])).toEqual(
      Array.from({ length: 4 }, () => ['/v1/x?a', undefined]),
    )
    const refused = await ask({ port: lab.port, path: '/failing/x', body: '{}' })
    expect([refused.status, refused.text]).toEqual([502, 'my own 502'])
    expect((await ask({ port: lab.port, path: '/nowhere' })).text).toContain('unknown_path')
    expect((await ask({ port: lab.nginx.otherPort, path: '/sorry' })).text).toBe('other')
  })

  it('withdraws an engine: no new connection reaches it, and no request is lost', async () => {
    const lab = await startSystemGateway()
    const others = hammer(lab.nginx.otherPort, { clients: 2, restMs: 25 })
    const { failures, late, reached } = await withdrawAgain(lab)
    expect(failures).toEqual([])
    expect(late).toEqual(late.map(() => 0))
    expect(reached).toBeGreaterThan(100)
    expect((await others.stop()).failures).toEqual([])
  })

  it('keeps its streams, and those of the other site, while others reload too', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    const stream = await labEngine((_request, response) => {
      response.write('first')
      void ended.promise.then(() => response.end('last'))
    })
    const ended = Promise.withResolvers<void>()
    await lab.applied(lab.model(labTier([stream])))
    const answer = await openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })
    for (const model of [first, second, first]) {
      await Promise.all([lab.applied(model), lab.nginx.reload(), lab.nginx.reload()])
      await isServed(model)
    }
    ended.resolve()
    answer.setEncoding('utf8')
    expect((await answer.toArray()).join('')).toBe('firstlast')
    await othersAreWell()
  })

  it('is not mixed up with a private nginx on the same machine', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    const beside = await startLabGateway()
    const own = beside.model(labTier([await labEngine()]))
    await lab.applied(first)
    await beside.applied(own)
    await lab.applied(second)
    expect(await beside.gateway.apply(own, neverAborted)).toMatchObject({ status: 'unchanged' })
    await beside.gateway.stop({ graceMs: 0, signal: neverAborted })
    await isServed(second)
    await othersAreWell()
  })

  it('goes when the gateway is stopped, and nginx stays', async () => {
    const { lab, first, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const { pid } = lab.nginx.master()
    await lab.gateway.stop({ graceMs: 0, signal: neverAborted })
    expect(await readdir(CONF_D)).toEqual(['other.conf'])
    expect(lab.nginx.master().pid).toBe(pid)
    await expect(ask({ port: lab.port, path: '/v1' })).rejects.toThrow('ECONNREFUSED')
    expect(await lab.gateway.running(neverAborted)).toBeUndefined()
    await lab.applied(first)
    await isServed(first)
    await othersAreWell()
  })
})

describe('a failure leaves the last good file, and is tried again', () => {
  it("when somebody else's file is broken", async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const broken = join(CONF_D, 'broken.conf')
    await writeFile(broken, 'server { listen 1 nonsense; }\n')
    for (const gateway of [lab.gateway, lab.gateway, await lab.reopen()]) {
      expect(await gateway.apply(second, neverAborted)).toEqual({
        status: 'failed',
        step: 'swap',
        message: expect.stringMatching(
          /^Cannot load generation \d+ with all else that nginx reads: .*nonsense.* in \/etc\/nginx\/conf\.d\/broken\.conf:1$/,
        ),
        restored: true,
      })
      await isServed(first)
    }
    expect(await lab.gateway.apply(first, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
    await rm(broken)
    await lab.applied(second)
    await isServed(second)
    await othersAreWell()
  })

  it('and when that is so from the start, nothing of ours is left', async () => {
    const { lab, first, isServed, othersAreWell } = await twoModels()
    const broken = join(CONF_D, 'broken.conf')
    await writeFile(broken, 'server { listen 1 nonsense; }\n')
    const outcome = await lab.gateway.apply(first, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'swap', restored: false })
    expect(Object(outcome).message).toContain('/etc/nginx/conf.d/broken.conf:1')
    expect((await readdir(CONF_D)).toSorted()).toEqual(['broken.conf', 'other.conf'])
    await rm(broken)
    await lab.applied(first)
    await isServed(first)
    await othersAreWell()
  })

  it('when another site has a port of the model, or comes to have one', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const greedy = lab.model(labTier([], { port: lab.nginx.otherPort }))
    expect(await lab.gateway.apply(greedy, neverAborted)).toEqual({
      status: 'failed',
      step: 'test',
      message: `Cannot listen on port ${lab.nginx.otherPort}: another site of this nginx does so in "${CONF_D}/other.conf"; choose another port for one of the two`,
      restored: true,
    })
    await isServed(first)
    const guest = join(CONF_D, 'guest.conf')
    await writeFile(guest, `server { listen 127.0.0.1:${lab.port}; server_name guest; return 200 guest; }\n`)
    const outcome = await lab.gateway.apply(second, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'test', restored: true })
    expect(Object(outcome).message).toContain(guest)
    await isServed(first)
    await rm(guest)
    await lab.applied(second)
    await isServed(second)
    await othersAreWell()
  })

  it('when another program has a port of the model', async () => {
    const { lab, first, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const { port } = await labEngine()
    expect(await lab.gateway.apply(lab.model(labTier([], { port })), neverAborted)).toMatchObject({
      status: 'failed',
      step: 'probe ports',
      restored: true,
    })
    await isServed(first)
    await othersAreWell()
  })

  it.each([
    ['fails', 'false', /^Cannot reload nginx: "false" failed: /],
    ['is not there', 'no-such-program', /^Cannot reload nginx: there is no program "no-such-program"$/],
    ['hangs', 'sleep 86401', /^Cannot reload nginx: "sleep 86401" has not ended after 20 s$/],
    ['hangs in a child', 'timeout 86401 sleep 86401', /has not ended after 20 s$/],
    [
      'does nothing',
      'true',
      /^Cannot run generation 2: after 10 s generation 1 answers, and old workers still accept: /,
    ],
  ])('when the reload command %s', async (_what, reload, message) => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const hasty = await lab.withReload(reload, { clock: fastClock(20) })
    const outcome = await hasty.apply(second, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'load', restored: true })
    expect(Object(outcome).message).toMatch(message)
    await isServed(first, 'unproved')
    await expect(lab.gateway.running(neverAborted)).rejects.toThrow('which was not seen to run alone')
    const sleepers = await execa('pgrep', ['-f', '^sleep 86401'], { reject: false })
    expect(sleepers.stdout).toBe('')
    await lab.applied(second)
    await isServed(second)
    await othersAreWell()
  })

  it('when the master refuses what its test has passed', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const limit = (files: string) => execa('prlimit', ['--pid', String(lab.nginx.master().pid), `--nofile=${files}`])
    await limit('8:')
    const outcome = await lab.gateway.apply(second, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'load', restored: true })
    expect(Object(outcome).message).toMatch(/^Cannot run generation 2: nginx refuses it: .*Too many open files/)
    await isServed(first, 'unproved')
    await limit('1024:')
    await lab.applied(second)
    await isServed(second)
    await othersAreWell()
  })

  it('when nginx does not read the directory', async () => {
    const { lab, first, isServed } = await twoModels()
    const elsewhere = { ...lab.options.system, directory: '/etc/nginx/snippets' }
    const gateway = await lab.reopen({ system: elsewhere })
    const outcome = await gateway.apply(first, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'swap', restored: false })
    expect(Object(outcome).message).toContain(
      'Cannot load generation 1: nginx does not read "/etc/nginx/snippets/sluice-main.conf"; include /etc/nginx/snippets/*.conf within http { }',
    )
    expect((await readdir('/etc/nginx/snippets')).filter(name => name.includes('sluice'))).toEqual([])
    await lab.applied(first)
    await isServed(first)
  })

  it("when the file is somebody else's", async () => {
    const { lab, first, isServed } = await twoModels()
    await writeFile(lab.file, '# by hand\n')
    expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({
      status: 'failed',
      step: 'swap',
      message: expect.stringContaining(`Cannot write "${lab.file}": that file does not belong to this gateway`),
    })
    expect(await readFile(lab.file, 'utf8')).toBe('# by hand\n')
    await rm(lab.file)
    await lab.applied(first)
    await isServed(first)
  })
})

describe('nginx that does not run', () => {
  it('is told, and gets the gateway once it runs', async () => {
    const { lab, first, isServed } = await twoModels()
    await lab.nginx.end('SIGTERM')
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await lab.gateway.apply(first, neverAborted)).toEqual({
        status: 'failed',
        step: 'find nginx',
        message: expect.stringMatching(
          /^Cannot find the system's nginx: \S+\.pid names no master of nginx that root runs; start it, such as with systemctl start nginx; nothing to go back to: there is no earlier generation$/,
        ),
        restored: false,
      })
    }
    await lab.nginx.start()
    await lab.applied(first)
    await isServed(first)
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)('serves the last good generation when it starts after %s', async signal => {
    const { lab, first, second, isServed } = await twoModels()
    await lab.applied(first)
    await lab.nginx.end(signal)
    expect(await lab.gateway.running(neverAborted)).toBeUndefined()
    const outcome = await lab.gateway.apply(second, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'find nginx', restored: false })
    expect(Object(outcome).message).toMatch(
      /^Cannot find the system's nginx: [^;]*; start it, such as with systemctl start nginx$/,
    )
    await lab.nginx.start()
    await isServed(first)
    expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({ status: 'unchanged' })
    await lab.applied(second)
    await isServed(second)
  })

  it('because its master alone was killed is told, and served by its workers', async () => {
    const { lab, first, second, isServed } = await twoModels()
    await lab.applied(first)
    const orphans = await lab.nginx.killMaster()
    expect(await lab.gateway.apply(second, neverAborted)).toMatchObject({ status: 'failed', step: 'find nginx' })
    await isServed(first)
    expect(await lab.gateway.running(neverAborted)).toMatchObject({ model: first })
    // As systemd does before it starts a unit again (KillMode=mixed).
    await endAll(orphans, 'SIGKILL')
    await lab.nginx.start()
    await lab.applied(second)
    await isServed(second)
  })
})

describe('what somebody did to the file is undone', () => {
  it.each<[string, (lab: SystemGateway) => Promise<void>]>([
    ['deleted', lab => rm(lab.file)],
    [
      'deleted and reloaded',
      async lab => {
        await rm(lab.file)
        await lab.nginx.reload()
        await expect
          .poll(() => ask({ port: lab.port, path: '/v1' }).catch(error => error.code), { timeout: 20_000 })
          .toBe('ECONNREFUSED')
      },
    ],
    ['changed', async lab => writeFile(lab.file, (await readFile(lab.file, 'utf8')).replaceAll('600s', '1s'))],
  ])('%s', async (_what, harm) => {
    const { lab, first, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    await harm(lab)
    expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({ status: 'applied' })
    await isServed(first)
    expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({ status: 'unchanged' })
    await othersAreWell()
  })
})

describe('a crash of the updater', () => {
  it('at any change on disk loses no request and is made good by the next', async () => {
    const { lab, first, second, isServed, othersAreWell } = await twoModels()
    await lab.applied(first)
    const load = hammer(lab.port, { clients: 2, restMs: 25 })
    for (let change = 1; change <= 24; change++) {
      await killAtChange(lab.options, change, [second, first])
      const next = await lab.reopen()
      expect((await next.apply(first, neverAborted)).status).toMatch(/^(applied|unchanged)$/)
      await isServed(first)
      expect((await readdir(CONF_D)).toSorted()).toEqual(['other.conf', 'sluice-main.conf'])
    }
    expect((await load.stop()).failures).toEqual([])
    await othersAreWell()
  })

  it.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'at change %i of the first is made good',
    async change => {
      const { lab, first, second, isServed, othersAreWell } = await twoModels()
      await killAtChange(lab.options, change, [second, first])
      const next = await lab.reopen()
      // A reload that the dead one had ordered may take a port between the look at it and its probe.
      await expect
        .poll(async () => (await next.apply(first, neverAborted)).status, { timeout: 30_000 })
        .toMatch(/^(applied|unchanged)$/)
      await isServed(first)
      await othersAreWell()
    },
  )

  it('between the reload and its proof is not taken for done', async () => {
    const { lab, first, second, isServed } = await twoModels()
    await lab.applied(first)
    // A reload that works, and an updater that ends before it has seen so.
    const cut = new AbortController()
    const dying = await lab.withReload('nginx -s reload', {
      clock: {
        ...systemClock,
        sleep: async (ms, signal) => (ms < 100 ? cut.abort(new Error('killed')) : systemClock.sleep(ms, signal)),
      },
    })
    await expect(dying.apply(second, cut.signal)).rejects.toThrow('killed')
    const next = await lab.reopen()
    await expect(next.running(neverAborted)).rejects.toThrow(
      /^Cannot find out what nginx runs: it answers generation \d/,
    )
    expect(await next.apply(second, neverAborted)).toMatchObject({ status: 'applied', generation: 3 })
    await isServed(second)
  })
})

it('a port of its own comes and goes with its tier', async () => {
  const lab = await startSystemGateway()
  const engine = await labEngine()
  const own = await freePort()
  onTestFinished(() => engine.die())
  for (const port of [own, undefined, own]) {
    await lab.applied(lab.model(labTier([engine], port === undefined ? {} : { port })))
    const status = await ask({ port: own, path: '/v1' }).then(
      answer => answer.status,
      error => error.code,
    )
    expect(status).toBe(port === undefined ? 'ECONNREFUSED' : 200)
  }
})

it('changes from all addresses of its port to one of them by way of another port, as it says', async () => {
  const { lab, first, isServed, othersAreWell } = await twoModels()
  await lab.applied(first)
  const here = { ...first, listen: `127.0.0.1:${lab.port}` }
  expect(await lab.gateway.apply(here, neverAborted)).toEqual({
    status: 'failed',
    step: 'test',
    message: `Cannot listen on 127.0.0.1:${lab.port}: this nginx listens on port ${lab.port}, and a reload cannot change from one to the other; let the gateway listen on another port first, then on this one`,
    restored: true,
  })
  await isServed(first)
  await lab.applied({ ...first, listen: await freePort() })
  await lab.applied(here)
  await isServed(here)
  await expect(ask({ host: '127.0.0.2', port: lab.port, path: '/v1/x' })).rejects.toThrow('ECONNREFUSED')
  await othersAreWell()
})

it('shares a port with another site that listens on another address', async () => {
  const { lab, first, isServed, othersAreWell } = await twoModels()
  const file = join(CONF_D, 'neighbour.conf')
  await writeFile(file, `server { listen 127.0.0.2:${lab.port}; return 200 neighbour; }\n`)
  onTestFinished(() => rm(file))
  const here = { ...first, listen: `127.0.0.1:${lab.port}` }
  await lab.applied(here)
  await isServed(here)
  expect((await ask({ host: '127.0.0.2', port: lab.port, path: '/v1/x' })).text).toBe('neighbour')
  expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({
    status: 'failed',
    message: expect.stringContaining(`Cannot listen on port ${lab.port}: another site of this nginx does so in`),
  })
  await isServed(here)
  await othersAreWell()
})
