import { existsSync } from 'node:fs'
import { mkdtemp, readlink, rename, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { inspectNginx } from '../../../src/adapters/gateway/inspect-gateway.ts'
import { askGeneration } from '../../../src/adapters/gateway/nginx/generation-probe.ts'
import { findNginx, isAccepting } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { signal } from '../../../src/adapters/system/processes.ts'
import { refuseOldNginx } from '../../../src/programs/updater/own-gateway.ts'
import { ask, openAnswer } from './ask.ts'
import { fastClock } from './fast-clock.ts'
import { type LabGateway, labEngine, labTier, neverAborted, startLabGateway } from './lab-gateway.ts'
import { killMaster, masterOf, twoModels } from './two-models.ts'

/** The real nginx behind lines of shell. */
async function nginxThat(lines: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const program = join(directory, 'nginx')
  await writeFile(program, `#!/bin/sh\n${lines}\nexec nginx "$@"\n`, { mode: 0o755 })
  return program
}

/** Shell: does not take a configuration with such a line. */
function refuses(pattern: string): string {
  return `for file; do :; done
case "$file" in *.conf)
  if grep -qE '${pattern}' "\${file%/*}/gateway.conf"; then echo 'nginx: [emerg] unknown directive here' >&2; exit 1; fi
esac`
}

describe('a failure leaves the old generation serving, and is tried again', () => {
  it('when nginx refuses the candidate', async () => {
    const { lab, first, second, answeringPort } = await twoModels()
    await lab.applied(first)
    const temporary = join(lab.directory, 'temporary')
    await rename(temporary, `${temporary}.away`)
    await writeFile(temporary, 'no directory')
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await lab.gateway.apply(second, neverAborted)).toEqual({
        status: 'failed',
        step: 'test',
        message: expect.stringMatching(/^Cannot load generation \d+: mkdir\(\) ".*" failed \(20: Not a directory\)$/),
        restored: true,
      })
      expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
      expect(await lab.gateway.running(neverAborted)).toEqual({ generation: 1, model: first, keys: {} })
    }
    await rm(temporary)
    await rename(`${temporary}.away`, temporary)
    await lab.applied(second)
    expect(await answeringPort()).toBe(second.tiers[0]?.servers[0]?.port)
  })

  // What an nginx does that lacks a directive which only a tier with servers has.
  it('when nginx will refuse the first engine, it is told before there is one', async () => {
    const lab = await startLabGateway({ nginx: await nginxThat(refuses('^ *keepalive_timeout 2s;')) })
    expect(await lab.gateway.apply(lab.model(labTier([])), neverAborted)).toMatchObject({
      status: 'failed',
      step: 'test',
      message: expect.stringMatching(/^Cannot load generation 1: unknown directive here/),
    })
    expect(findNginx(lab.directory)).toEqual([])
  })

  it('an nginx of RHEL 8 is refused, with what would do', async () => {
    const version = 'case "$*" in -V) echo "nginx version: nginx/1.14.1" >&2; exit;; esac'
    const nginx = await nginxThat(`${version}\n${refuses('^ *(limit_conn_dry_run|keepalive_timeout 2s)')}`)
    const why = /^nginx 1\.14\.1 is too old: it must be 1\.17\.6 or newer; install another, on RHEL 8: dnf module /
    const lab = await startLabGateway({ nginx })
    expect(await lab.gateway.apply(lab.model(labTier([])), neverAborted)).toMatchObject({
      status: 'failed',
      step: 'find nginx',
      message: expect.stringMatching(why),
    })
    expect(await inspectNginx(nginx, process.env)).toEqual({ missing: expect.stringMatching(why), isThere: true })
    await expect(refuseOldNginx(nginx, { env: process.env })).rejects.toThrow(/^Cannot run the gateway: nginx 1\.14\.1/)
    await expect(refuseOldNginx('nginx', { env: process.env })).resolves.toBeUndefined()
    await expect(refuseOldNginx(`${nginx}.gone`, { env: process.env })).resolves.toBeUndefined()
  })

  it('when the model holds what nginx must not read', async () => {
    const { lab, first, answeringPort } = await twoModels()
    await lab.applied(first)
    const server = { id: 'fast-1-0-0', address: '127.0.0.1:80; }', port: 8080 }
    expect(await lab.gateway.apply(lab.model({ ...labTier([]), servers: [server] }), neverAborted)).toEqual({
      status: 'failed',
      step: 'render',
      message: 'Cannot render the gateway: tiers 0 servers 0 address must be an IPv4 address',
      restored: true,
    })
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
  })

  it('when a new port is taken', async () => {
    const { lab, first, answeringPort } = await twoModels()
    await lab.applied(first)
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const port = Number(Object(taken.address()).port)
    const model = lab.model(labTier([], { port }))
    expect(await lab.gateway.apply(model, neverAborted)).toEqual({
      status: 'failed',
      step: 'probe ports',
      message: `Cannot open port ${port}: another process listens on it; end that process or choose another port`,
      restored: true,
    })
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
    await new Promise(resolve => taken.close(resolve))
    await lab.applied(model)
    expect((await ask({ port, path: '/v1' })).status).toBe(503)
  })

  it('when the master refuses what its test has passed', async () => {
    const { lab, first, second, answeringPort } = await twoModels()
    await lab.applied(first)
    const limit = (files: string) => execa('prlimit', ['--pid', String(masterOf(lab)), `--nofile=${files}`])
    await limit('8:')
    const outcome = await lab.gateway.apply(second, neverAborted)
    expect(outcome).toMatchObject({ status: 'failed', step: 'load' })
    expect(Object(outcome).message).toContain('Cannot run generation 2: nginx refuses it: ')
    expect(Object(outcome).message).toContain('Too many open files')
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
    expect(await readlink(join(lab.directory, 'current'))).toBe('generations/1')
    await limit('512:')
    await lab.applied(second)
    expect(await answeringPort()).toBe(second.tiers[0]?.servers[0]?.port)
  })

  it('when the master does not react in time', async () => {
    const { lab, first, second, answeringPort } = await twoModels()
    await lab.applied(first)
    const master = masterOf(lab)
    const hasty = await lab.reopen({ clock: fastClock(20) })
    process.kill(master, 'SIGSTOP')
    try {
      const outcome = await hasty.apply(second, neverAborted)
      expect(outcome).toMatchObject({ status: 'failed', step: 'load', restored: false })
      expect(Object(outcome).message).toContain('Cannot run generation 2: after 10 s generation 1 answers')
      expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
    } finally {
      process.kill(master, 'SIGCONT')
    }
    expect(await lab.gateway.apply(second, neverAborted)).toMatchObject({ status: 'applied' })
    expect(await answeringPort()).toBe(second.tiers[0]?.servers[0]?.port)
    expect(masterOf(lab)).toBe(master)
  })

  it('and when there is no nginx at all, says so', async () => {
    const lab = await startLabGateway({ nginx: 'nginx-that-is-not-there' })
    expect(await lab.gateway.apply(lab.model(), neverAborted)).toEqual({
      status: 'failed',
      step: 'find nginx',
      message:
        'Cannot run nginx: there is no program "nginx-that-is-not-there"; install nginx; nothing to go back to: there is no earlier generation',
      restored: false,
    })
  })
})

describe('nginx is brought back', () => {
  it('after its master was killed: its workers finish their streams', async () => {
    const lab = await startLabGateway()
    const streams: ServerResponse[] = []
    const engine = await labEngine((request, response) => {
      if (request.url === '/v1/short') return void response.end('short')
      response.write('first')
      streams.push(response)
    })
    const model = lab.model(labTier([engine]))
    await lab.applied(model)
    const answer = await openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })
    await killMaster(lab)
    await lab.applied(model)
    expect((await ask({ port: lab.port, path: '/v1/short' })).text).toBe('short')
    for (const stream of streams) stream.end('last')
    answer.setEncoding('utf8')
    expect((await answer.toArray()).join('')).toBe('firstlast')
    expect(
      findNginx(lab.directory)
        .filter(isAccepting)
        .map(one => one.parent),
    ).toEqual(Array(4).fill(masterOf(lab)))
  })

  it('after all of it was killed', async () => {
    const { lab, first, answeringPort } = await twoModels()
    await lab.applied(first)
    await killAll(lab)
    expect(await lab.gateway.apply(first, neverAborted)).toMatchObject({ status: 'applied' })
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
  })

  it('with the last good generation where the new one fails', async () => {
    const { lab, first, answeringPort } = await twoModels()
    await lab.applied(first)
    await killAll(lab)
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const port = Number(Object(taken.address()).port)
    expect(await lab.gateway.apply(lab.model(labTier([], { port })), neverAborted)).toMatchObject({
      status: 'failed',
      step: 'probe ports',
      restored: true,
    })
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
  })

  it('after its control socket was removed: what runs is known without it, and changed', async () => {
    const { lab, first, second, answeringPort } = await twoModels()
    await lab.applied(first)
    const master = masterOf(lab)
    await rm(join(lab.directory, 'run/control.sock'))
    const other = await lab.reopen()
    expect(await other.running(neverAborted)).toMatchObject({ generation: 1 })
    expect(await other.apply(second, neverAborted)).toMatchObject({ status: 'applied', generation: 2 })
    expect(await answeringPort()).toBe(second.tiers[0]?.servers[0]?.port)
    expect(masterOf(lab)).toBe(master)
  })

  it('by a reload while clients hold every connection of its workers: its master and their streams live on', async () => {
    const lab = await startLabGateway({ openFiles: 128 })
    const streams: ServerResponse[] = []
    const engine = await labEngine((_request, response) => {
      response.write('first')
      streams.push(response)
    })
    const first = lab.model(labTier([engine]))
    const second = lab.model(labTier([await labEngine()]))
    await lab.applied(first)
    const master = masterOf(lab)
    const answer = await openAnswer({ port: lab.port, path: '/v1/x', body: '{}' })
    // More than four workers of 64 have; a header that is not finished keeps each busy.
    const flood = Array.from({ length: 400 }, () => connect(lab.port, '127.0.0.1'))
    onTestFinished(() => flood.forEach(socket => void socket.destroy()))
    for (const socket of flood) socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n')
    const control = { socketPath: join(lab.directory, 'run/control.sock') }
    await expect.poll(() => askGeneration(control), { timeout: 5000 }).toBeUndefined()

    expect(await (await lab.reopen({ openFiles: 128 })).apply(second, neverAborted)).toMatchObject({
      status: 'applied',
    })
    expect(masterOf(lab)).toBe(master)
    for (const stream of streams) stream.end('last')
    answer.setEncoding('utf8')
    expect((await answer.toArray()).join('')).toBe('firstlast')
  })

  it('by itself after a worker was killed', async () => {
    const { lab, first, answeringPort } = await twoModels()
    await lab.applied(first)
    for (const worker of findNginx(lab.directory).filter(isAccepting)) process.kill(worker.pid, 'SIGKILL')
    await expect.poll(() => findNginx(lab.directory).filter(isAccepting).length, { timeout: 20_000 }).toBe(4)
    expect(await lab.gateway.apply(first, neverAborted)).toEqual({ status: 'unchanged', generation: 1 })
    expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
  })
})

it('stops without leaving a process, and starts again', async () => {
  const { lab, first, answeringPort } = await twoModels()
  await lab.applied(first)
  await lab.gateway.stop({ graceMs: 5000, signal: neverAborted })
  expect(findNginx(lab.directory)).toEqual([])
  expect(existsSync(join(lab.directory, 'run/control.sock'))).toBe(false)
  expect(await lab.gateway.running(neverAborted)).toBeUndefined()
  await lab.applied(first)
  expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
})

/** Whoever is there: a master that is killed may have begun another worker a moment before. */
async function killAll(lab: LabGateway): Promise<void> {
  const kill = () => {
    const found = findNginx(lab.directory)
    for (const one of found) signal(one.pid, 'SIGKILL')
    return found
  }
  await expect.poll(kill).toEqual([])
}
