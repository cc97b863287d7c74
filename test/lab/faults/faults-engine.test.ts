import { chmod, readFile, readlink, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProcessId } from '../../../src/adapters/system/proc-stat.ts'
import { findMarked, identify } from '../../../src/adapters/system/processes.ts'
import { parseEstablished } from '../../../src/adapters/system/tcp-table.ts'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { MODELS_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { onNode } from '../cluster/on-node.ts'
import { cancel, showJob } from '../cluster/slurm-view.ts'
import { EVERY_KIND, isOfDeadModel, lostBeyond, lostOf, type Outcome, send, underLoad } from '../site/clients.ts'
import { writeAs } from '../site/files-of.ts'
import { engineOf, markerOf, modelProcessOf, supervisorOf } from '../site/replica-processes.ts'
import { FAST_MODEL, FAST_TIER, GATEWAY, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const SMALL_JOB = { partition: 'gpu_ai', gpus: 1, mem: '1G' }
const MISSING_MODEL = join(MODELS_DIRECTORY, 'nobody-has-this.gguf')
/** Node undoes a block of TERM; its answers take as many tenths of a second as they are asked for. */
const IN_NODE = `
process.on('SIGTERM', () => process.exit(0))
require('node:http').createServer(async (request, answer) => {
  const words = []
  for await (const part of request) words.push(part)
  const { max_tokens: tenths = 0 } = JSON.parse(words.join('') || '{}')
  answer.writeHead(200)
  for (let tenth = 0; tenth < tenths; tenth += 1) {
    answer.write('.')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  answer.end('whole')
}).listen(Number(process.argv[1]), process.argv[2])
`
const UNLUCKY = join(SHARED_DIRECTORY, 'unlucky')
let site: Site

beforeAll(async () => {
  await writeAs('ai', UNLUCKY, '#!/bin/sh\necho no luck today\nexit 1\n')
  await chmod(UNLUCKY, 0o755)
  site = await openSite({
    fast: { ...FAST_TIER, slurm: { ...FAST_TIER.slurm, signalLeadSeconds: 10 } },
    unlucky: {
      engine: 'custom',
      path: '/unlucky/',
      command: UNLUCKY,
      model: { name: 'fast', file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) },
      custom: { args: ['{port}'], healthPath: '/health' },
      slurm: SMALL_JOB,
    },
    node: {
      engine: 'custom',
      path: '/node/',
      command: process.execPath,
      model: { name: 'node', file: MODELS_DIRECTORY },
      allow: ['braces-of-its-own'],
      custom: { args: ['-e', IN_NODE, '{port}', '{address}'], healthPath: '/health' },
      slurm: SMALL_JOB,
    },
    hopeless: {
      engine: 'llama.cpp',
      path: '/hopeless/',
      model: { name: 'fast', file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) },
      args: { 'no-such-argument': true },
      slurm: SMALL_JOB,
    },
    missing: {
      engine: 'llama.cpp',
      path: '/missing/',
      model: { name: 'missing', file: MISSING_MODEL },
      slurm: SMALL_JOB,
    },
  })
  await site.startUpdater()
  await site.submit('fast', 2)
})
afterAll(() => site.close())

describe('an engine in Node', () => {
  it('ends its answers in a job that is cancelled, as engines do that keep a block of TERM', async () => {
    const [jobId = ''] = await site.submit('node', 1)
    await site.serving(1, 'node')
    const answer = await fetch(`${GATEWAY}/node/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'node', max_tokens: 80, messages: [] }),
    })
    await cancel(jobId)
    expect(await answer.text()).toMatch(/whole$/)
  })
})

describe('a killed engine', () => {
  it('is withdrawn and routed again under its id; only streams that it had begun break, what waited moves on', async () => {
    const victim = await anyServing(2)
    const old = await findMarked(markerOf(victim))
    const earlier = (await site.events(replicaOf(victim.id))).length
    const waiting: Promise<Outcome>[] = []
    let killedAt = 0

    const outcomes = await underLoad(async () => {
      process.kill(engineOf(victim), 'SIGSTOP')
      const connected = await connectionsTo(victim)
      // nginx sends to whoever has the fewest connections, so some of these come to the engine that stands still.
      for (const request of [...EVERY_KIND, ...EVERY_KIND, ...EVERY_KIND]) waiting.push(send(request))
      await until('requests to wait at it', async () => (await connectionsTo(victim)) >= connected + 2, PATIENCE)
      killedAt = performance.now()
      process.kill(engineOf(victim), 'SIGKILL')
      await until('its withdrawal', async () => !(await site.served()).includes(victim.id), PATIENCE)
      const back = await site.serving(2)
      expect(back.map(one => one.id)).toContain(victim.id)
    })

    expect(lostOf(await Promise.all(waiting))).toEqual([])
    expect(lostBeyond(outcomes, one => one.begun && one.request.stream && one.startedAt < killedAt)).toEqual([])
    const events = (await site.events(replicaOf(victim.id))).slice(earlier)
    expect(events.map(one => one.event)).toEqual(['engine exited', 'engine stopped', 'resting', 'ready'])
    expect(events[0]).toMatchObject({ message: expect.stringContaining('Killed by SIGKILL'), exits: 1 })
    expect(events[2]?.['ms']).toBeLessThanOrEqual(1_000)
    expect(await stillAlive(old)).toEqual([])
  })

  it('of which only the process of a model dies serves that model again under its id; only what that process had breaks', async () => {
    const victim = await anyServing(2)
    const child = await modelProcessOf(victim, FAST_MODEL)
    let killedAt = 0
    let backAt = 0
    const outcomes = await underLoad(async () => {
      killedAt = performance.now()
      process.kill(child, 'SIGKILL')
      await servesAgain(victim.id, child)
      backAt = performance.now()
    })
    expect(
      lostBeyond(outcomes, one => one.request.model === FAST_MODEL && one.startedAt < backAt && one.endedAt > killedAt),
    ).toEqual([])
  })

  it('of which the process of a preloaded model dies while nobody asks for it loads that model again', async () => {
    const victim = await anyServing(2)
    const earlier = (await site.events(replicaOf(victim.id))).length
    const child = await modelProcessOf(victim, FAST_MODEL)
    process.kill(child, 'SIGKILL')
    await servesAgain(victim.id, child)
    const events = (await site.events(replicaOf(victim.id))).slice(earlier)
    expect(events.map(one => one.event)).toEqual(['model failed'])
    expect(events[0]?.['message']).toMatch(/^Model "strand-rust-coder-14b-q8_0" failed with exit code \d+$/)
  })
})

describe('a supervisor killed -9', () => {
  let victim: Endpoint
  let file: string
  let text: string

  it('takes its engine with it and is withdrawn by Slurm’s word; only streams that its engine had begun break', async () => {
    victim = await anyServing(2)
    file = join(SHARED_DIRECTORY, 'endpoints', `${victim.id}.json`)
    text = await readFile(file, 'utf8')
    let endedAt = 0
    const outcomes = await underLoad(async () => {
      const supervisor = await supervisorOf(victim)
      process.kill(supervisor, 'SIGKILL')
      await until(
        'the end of all that it started',
        async () => (await findMarked(markerOf(victim))).length === 0,
        PATIENCE,
      )
      endedAt = performance.now()
      await until('its withdrawal', async () => !(await site.served()).includes(victim.id), PATIENCE)
    })
    expect(
      lostBeyond(outcomes, one => one.startedAt < endedAt && ((one.begun && one.request.stream) || isOfDeadModel(one))),
    ).toEqual([])
    expect(await showJob(victim.job.id)).toMatchObject({
      JobState: 'FAILED',
      Reason: expect.stringMatching(/^(RaisedSignal:9\(Killed\)|JobLaunchFailure)$/), // the latter is 22.05's word
      ExitCode: '0:9',
      Restarts: '0',
    })
    expect((await readFile(file, 'utf8')) === text).toBe(true)
  })

  it('leaves a file that is not routed when it arrives late', async () => {
    await rm(file)
    await until('the end of its file to be seen', async () => (await routabilitiesOf(victim.id)).at(-1), {
      ...PATIENCE,
      holds: last => last?.startsWith('Gone') === true,
    })
    const earlier = (await routabilitiesOf(victim.id)).length
    await writeAs('ai', file, text)
    const routabilities = await until(
      'its file to be judged',
      async () => (await routabilitiesOf(victim.id)).slice(earlier),
      {
        ...PATIENCE,
        holds: seen => seen.at(-1)?.endsWith('is FAILED') === true,
      },
    )
    await rm(file)
    expect(routabilities).not.toContain('Routed')
    await site.submit('fast', 1)
    await site.serving(2)
  })
})

describe.concurrent('what takes its time', () => {
  it('an engine that cannot start is tried six times; then its file says why, and the node is given back', async () => {
    const [jobId = ''] = await site.submit('unlucky', 1)
    const failed = await until('the failure', () => endpointOf(`unlucky-${jobId}-0-0`), {
      ...PATIENCE,
      holds: one => one.state === 'failed',
    })
    expect(failed.message).toMatch(/Exited with code 1: .*no luck today/)
    await until('the end of its job', async () => (await showJob(jobId))['JobState'] === 'CANCELLED', PATIENCE)
    await until('a file that says so', () => endpointOf(failed.id), {
      ...PATIENCE,
      holds: one => one.state === 'failed',
    })
    const events = await site.events(replicaOf(failed.id))
    const exits = events.filter(one => one.event === 'engine exited').map(one => one['exits'])
    expect(exits).toEqual([1, 2, 3, 4, 5, 6])
    // What is left of 1, 2, 4, 8 and 16 s when what the engine left behind has been cleared away.
    const rests = events.filter(one => one.event === 'resting').map(one => Number(one['ms']))
    expect(rests.map((ms, n) => ms <= 1_000 * 2 ** n)).toEqual([true, true, true, true, true])
    expect(rests.at(-1)).toBeGreaterThan(8_000)
    await until('the updater to say so', () => routabilitiesOf(failed.id), {
      ...PATIENCE,
      holds: routabilities => /^Not routed: Exited with code 1/.test(routabilities.at(-1) ?? ''),
    })
    const log = await readFile(join(SHARED_DIRECTORY, 'logs', jobId, 'engine-0.log'), 'utf8')
    expect(log.match(/no luck today/g)).toHaveLength(6)
  })

  it('an engine that says itself that it never will is tried once', async () => {
    const [jobId = ''] = await site.submit('hopeless', 1)
    const failed = await until('the failure', () => endpointOf(`hopeless-${jobId}-0-0`), {
      ...PATIENCE,
      holds: one => one.state === 'failed',
    })
    expect(failed.message).toMatch(/Exited with code 1: .*invalid argument: --no-such-argument/)
    await until('the end of its job', async () => (await showJob(jobId))['JobState'] === 'CANCELLED', PATIENCE)
    const events = await site.events(replicaOf(failed.id))
    expect(events.filter(one => one.event === 'engine exited')).toHaveLength(1)
  })

  it('a model that is missing is named at once, and the node is given back', async () => {
    const [jobId = ''] = await site.submit('missing', 1)
    await until('the end of its job', async () => (await showJob(jobId))['JobState'] === 'CANCELLED', PATIENCE)
    const failed = await endpointOf(`missing-${jobId}-0-0`)
    expect(failed).toMatchObject({
      state: 'failed',
      message: `Cannot run missing here: model missing: "${MISSING_MODEL}" is missing or unreadable`,
    })
    const events = (await site.events(replicaOf(failed.id))).map(one => one.event)
    expect(events).toEqual(['failed', 'cancelled'])
  })

  it('a replica whose walltime ends, and whose log is long, drains in time, is requeued and serves again; no request is lost', async () => {
    const [jobId = ''] = await site.submit('fast', 1)
    await site.serving(3)
    const log = await readlink(`/proc/${engineOf(await endpointOf(`fast-${jobId}-0-0`))}/fd/1`)
    await truncate(log, 4 * 1024 ** 3)
    await until('its log to be cut', async () => (await stat(log)).size < 64 * 1024 ** 2, PATIENCE)
    const limit = (minutes: number) => execa('scontrol', ['update', `JobId=${jobId}`, `TimeLimit=${minutes}`])
    await limit(1)
    const outcomes = await underLoad(async () => {
      await until('the requeue', async () => (await showJob(jobId))['Restarts'] === '1', PATIENCE)
      await limit(60)
      await until('its second run to serve', () => site.served(), {
        ...PATIENCE,
        holds: ids => ids.includes(`fast-${jobId}-1-0`),
      })
    })
    expect(lostOf(outcomes)).toEqual([])
    const events = await site.events(`fast-${jobId}-0`)
    const told = events.map(one => one.event)
    expect(told).toEqual(['ready', 'ear ended', 'draining', 'drained', 'engine stopped', 'requeued'])
    expect(events[3]).toMatchObject({ outcome: 'idle', cause: 'walltime', cleared: true, connections: 0 })
    const kept = await readFile(join(SHARED_DIRECTORY, 'logs', jobId, 'engine-0.log'), 'utf8')
    expect(kept).toMatch(/^sluice: the first 4\d{9} bytes of this log are left out\n/)
    expect(kept.length).toBeLessThan(9 * 1024 ** 2)
    await cancel(jobId)
  })
})

it('every endpoint file of these replicas could be read', async () => {
  const bad = (await site.events('updater-main')).filter(one => one.event === 'bad file')
  expect(bad).toEqual([])
})

async function anyServing(count: number): Promise<Endpoint> {
  const [first] = await site.serving(count)
  if (first === undefined) throw new Error('Cannot choose a replica: nobody serves')
  return first
}

async function endpointOf(id: string): Promise<Endpoint> {
  const found = (await site.endpoints()).find(one => one.id === id)
  if (found === undefined) throw new Error(`Cannot find ${id}: it has no file`)
  return found
}

/** Waits until the endpoint serves and another process has its model. */
async function servesAgain(id: string, before: number): Promise<void> {
  await until(
    'another process with the model',
    async () => (await modelProcessOf(await endpointOf(id), FAST_MODEL)) !== before,
    PATIENCE,
  )
  const serving = await site.serving(2)
  expect(serving.map(one => one.id)).toContain(id)
}

async function routabilitiesOf(id: string): Promise<string[]> {
  const events = await site.events('updater-main')
  return events.filter(one => one.event === 'standing' && one['id'] === id).map(one => String(one['standing']))
}

async function stillAlive(processes: readonly ProcessId[]): Promise<ProcessId[]> {
  const now = await Promise.all(processes.map(one => identify(one.pid)))
  return processes.filter((one, index) => now[index]?.startTime === one.startTime)
}

async function connectionsTo({ url, job }: Endpoint): Promise<number> {
  const port = Number(new URL(url ?? '').port)
  const { stdout } = await onNode(job.node, ['cat', '/proc/net/tcp'])
  return parseEstablished(String(stdout)).filter(one => one.localPort === port).length
}
