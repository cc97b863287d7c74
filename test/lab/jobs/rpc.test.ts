import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { readCluster } from '../cluster/cluster-state.ts'
import { MODELS_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, type Outcome, openAi, send, startClients } from '../site/clients.ts'
import { supervisorOf } from '../site/replica-processes.ts'
import { FAST_MODEL, FAST_TIER, isAlive, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const { options } = await readCluster()
const LAYERS = [20, 21, 23]
const MODEL = 'OR1-Behemoth'
const REASONING = 'http://127.0.0.1:8081/v1'

const REASONING_TIER = {
  engine: 'llama.cpp',
  path: '/reasoning/',
  gatewayPort: 8081,
  model: { name: MODEL, file: join(MODELS_DIRECTORY, `${SLOW_MODEL}.gguf`) },
  context: 4096,
  rpc: { workers: 2, layers: LAYERS, cache: '/tmp/rpc-cache' },
  numa: true, // there is no GPU here, hence nothing to bind to
  args: { threads: 1, parallel: 2, 'cache-type-k': 'q4_0', mlock: true, 'log-verbosity': 5 },
  slurm: { jobName: 'llama-72b', partition: 'gpu_ai', qos: 'ai_opportunistic', nodes: 3, gpus: 1, mem: '1G' },
}

/** Programs that take the worker's place. */
const FAKES = '/scratch/ai/fakes'
const fake = (name: string) => ({
  ...REASONING_TIER,
  path: `/${name}/`,
  gatewayPort: undefined,
  rpc: { workers: 2, command: join(FAKES, name, 'ggml-rpc-server'), port: 50_100 },
  numa: false,
  slurm: { ...REASONING_TIER.slurm, gpus: 0 }, // beside the two that serve there is none left on every node
})

let site: Site

beforeAll(async () => {
  await writeFakes()
  const gateway = { listen: 8080, networks: ['10.77.0.0/24'], byModel: true }
  const tiers = {
    fast: FAST_TIER,
    reasoning: REASONING_TIER,
    other_build: fake('other_build'),
    deaf: fake('deaf'),
    wrong: fake('wrong'),
  }
  site = await openSite(tiers, { gateway })
  await site.startUpdater()
  await site.submit('fast', 1)
  await site.submit('reasoning', 1)
})
afterAll(() => site.close())

describe('a tier over three nodes', () => {
  it('serves at /reasoning/, at a port of its own and by its model’s name, while the fast tier serves at /', async () => {
    await site.serving(1)
    const group = await theGroup()
    expect(group.processes.map(one => [one['role'], one['node']])).toEqual([
      ['head', 'vasp-01'],
      ['worker', 'vasp-02'],
      ['worker', 'vasp-03'],
    ])
    const ask = (baseURL: string, model: string) =>
      openAi(baseURL).chat.completions.create({ model, max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] })
    for (const baseURL of [REASONING, 'http://127.0.0.1:8080/reasoning/v1'])
      expect((await ask(baseURL, MODEL)).usage?.completion_tokens).toBe(5)
    for (const model of [FAST_MODEL, MODEL])
      expect((await ask('http://127.0.0.1:8080/v1', model)).usage?.completion_tokens).toBe(5)
    await expect(ask('http://127.0.0.1:8080/v1', 'gpt-4o')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
    const models = await openAi('http://127.0.0.1:8080/v1').models.list()
    expect(models.data.map(one => [one.id, one.owned_by])).toEqual(
      expect.arrayContaining([
        [FAST_MODEL, 'fast'],
        [MODEL, 'reasoning'],
      ]),
    )
  })

  it('has its layers where they were asked for, by the engine’s own word', async () => {
    const log = await logOf(await theGroup(), 'engine')
    const placed = [...log.matchAll(/load_tensors: layer +(\d+) assigned to device (\w+)/g)]
    const counts = new Map<string, number>()
    // The last slot is the output layer's.
    for (const [, layer, device = ''] of placed.filter(([, layer]) => Number(layer) < 64)) {
      expect(layer).toBeDefined()
      counts.set(device, (counts.get(device) ?? 0) + 1)
    }
    expect([...counts]).toEqual([
      ['CPU', LAYERS[0]],
      ['RPC0', LAYERS[1]],
      ['RPC1', LAYERS[2]],
    ])
    expect(placed.at(-1)?.slice(1)).toEqual(['64', 'RPC1'])
  })

  it('keeps the signals of a notice from its workers, and TERM from its head', async () => {
    const group = await theGroup()
    const [TERM, USR2] = [1n << 14n, 1n << 11n]
    expect((await blockedIn(await workerProcess(group))) & (TERM | USR2)).toBe(TERM | USR2)
    expect((await blockedIn(group.processes[0]?.pid ?? 0)) & TERM).toBe(TERM)
  })

  it('connects to a worker once before the head does, and never after the head has', async () => {
    const group = await theGroup()
    const accepted = async () =>
      (await logOf(group, 'worker-vasp-02')).match(/Accepted client connection/g)?.length ?? 0
    const earlier = await accepted()
    const [first = '', second = ''] = (await logOf(group, 'worker-vasp-02')).split('sluice: listening').slice(0, 2)
    expect(first).not.toContain('Accepted')
    expect(second.indexOf('Client connection closed')).toBeGreaterThan(0)
    const beat = await until('a beat', () => site.beat(replicaOf(group.id)), PATIENCE)
    await until('three more beats', () => site.beat(replicaOf(group.id)), {
      ...PATIENCE,
      holds: now => now >= beat + 3,
    })
    expect(await accepted()).toBe(earlier)
  })
})

describe('a group of which one process dies', () => {
  it.each([
    ['a worker', workerProcess, /^The worker on vasp-02 ended, srun exited with code \d+/],
    [
      'the srun client of a worker',
      async (group: Endpoint) => group.processes[1]?.pid,
      /^The worker on vasp-02 ended, /,
    ],
    ['the head', async (group: Endpoint) => group.processes[0]?.pid, /^Killed by SIGKILL/],
  ])('%s, is withdrawn at once and comes back as a whole', async (_, victimOf, words) => {
    const group = await theGroup()
    const earlier = (await site.events(replicaOf(group.id))).length
    const load = startClients(2, [{ model: MODEL, tokens: 100, stream: true }], REASONING)
    await until('answers', () => load.outcomes.length >= 2, PATIENCE)
    const before = new Set((await processesOf(group)).map(one => one.pid))
    const victim = await victimOf(group)
    const killedAt = performance.now()
    process.kill(victim ?? 0, 'SIGKILL')
    await until('its withdrawal', async () => !(await site.served('reasoning')).includes(group.id), PATIENCE)
    const back = await theGroup()
    const outcomes = await load.stop()

    expect(back.id).toBe(group.id)
    expect([...before].filter(isAlive)).toEqual([])
    // An answer that a dead engine began has broken; none ended as if it were whole, and each that began later is whole.
    expect(lostOf(outcomes).filter(one => one.startedAt > killedAt && !isUnserved(one))).toEqual([])
    const events = (await site.events(replicaOf(group.id))).slice(earlier)
    expect(events.map(one => one.event)).toEqual(['engine exited', 'engine stopped', 'resting', 'ready'])
    expect(events[0]?.['message']).toMatch(words)
  })
})

describe('a preemption of one of its nodes', () => {
  it('finishes the answers that run, hands over all three nodes, and the group comes back', async () => {
    const group = await theGroup()
    // As long as it takes to give notice, however fast this machine is now, and shorter than the drain.
    const [measured] = await twoAnswers(20)
    const tookMs = measured.endedAt - measured.startedAt
    const running = twoAnswers(Math.round(20 * Math.max(1, ANSWER_MS / tookMs)))
    const preemptor = await preempt('vasp-03')
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    expect(await findMarked(workerMarker(group))).toEqual([])
    await cancel(preemptor)
    const back = await until('its next run', async () => (await site.serving(1, 'reasoning'))[0], PATIENCE)
    expect(back?.id).toBe(`reasoning-${group.job.id}-1-0`)

    expect(lostOf(await running)).toEqual([])
    const events = await site.events(replicaOf(group.id))
    const outcome = events.find(one => one.event === 'drained')
    expect(outcome).toMatchObject({
      outcome: 'idle',
      cause: options.graceSeconds > 0 ? 'preempted' : 'requeued',
      connections: 0,
    })
  })
})

describe('a group that cannot be', () => {
  it.each([
    ['other_build', /^The head is build 0\..*, the worker on vasp-03 b1 \(of another day\): RPC needs one build/],
    ['deaf', /^Failed to connect to 10\.77\.0\.1[23]:50100/],
    // Its exit code is 0, as the real one's for arguments that it does not know.
    ['wrong', /^The worker on vasp-0[23] ended, srun exited with code 0: .*error: unknown argument/],
  ])('says why: %s', async (tier, words) => {
    const [jobId = ''] = await site.submit(tier, 1)
    const file = await until(
      'its words',
      async () => (await site.endpoints()).find(one => one.job.id === jobId && words.test(one.message ?? '')),
      PATIENCE,
    )
    expect(['loading', 'failed']).toContain(file?.state)
    await cancel(jobId)
    await until('its end', async () => (await showJob(jobId))['JobState'] === 'CANCELLED', PATIENCE)
  })
})

describe('nothing of a group is left', () => {
  it('when its supervisor is killed -9', async () => {
    const group = await theGroup()
    process.kill(await supervisorOf(group), 'SIGKILL')
    await until('the end of all of it', async () => (await processesOf(group)).length === 0, PATIENCE)
    await until('its withdrawal', async () => !(await site.served('reasoning')).includes(group.id), PATIENCE)
    await rm(join(SHARED_DIRECTORY, 'endpoints', `${group.id}.json`)) // which nobody was left to take away
    await site.submit('reasoning', 1)
  })

  it('when it is cancelled', async () => {
    const group = await theGroup()
    await cancel(group.job.id)
    await until('the end of all of it', async () => (await processesOf(group)).length === 0, PATIENCE)
    await until('its file to go', async () => !(await site.endpoints()).some(one => one.id === group.id), PATIENCE)
  })
})

const ANSWER_MS = 5_000

/** At once: as many as the group answers at a time. */
function twoAnswers(tokens: number): Promise<[Outcome, Outcome]> {
  const one = () => send({ model: MODEL, tokens, stream: true }, openAi(REASONING))
  return Promise.all([one(), one()])
}

async function theGroup(): Promise<Endpoint> {
  const [group] = await site.serving(1, 'reasoning')
  if (group === undefined) throw new Error('Cannot find the group: it does not serve')
  return group
}

function workerMarker({ job }: Endpoint): string {
  return `SLUICE_WORKER=${job.id}-${job.restarts}`
}

/** Everything of the group, on all nodes, which are one machine here: the head and what it started, workers, their clients. */
async function processesOf(group: Endpoint) {
  return [...(await findMarked(`SLUICE_ENDPOINT=${group.id}`)), ...(await findMarked(workerMarker(group)))]
}

/** The pid of the worker's program on the second node. */
async function workerProcess(group: Endpoint): Promise<number> {
  for (const { pid } of await findMarked(workerMarker(group))) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
    if (argv[0]?.endsWith('ggml-rpc-server') === true && argv.includes('10.77.0.12')) return pid
  }
  throw new Error('Cannot find the worker on vasp-02')
}

/** Bit n − 1 stands for signal n (proc(5)). */
async function blockedIn(pid: number): Promise<bigint> {
  const [, mask = '0'] = /^SigBlk:\s+(\w+)/m.exec(await readFile(`/proc/${pid}/status`, 'latin1')) ?? []
  return BigInt(`0x${mask}`)
}

/** What one process of the group has printed so far, from the node's own disk. */
async function logOf(group: Endpoint, name: string): Promise<string> {
  const directory = (await readdir('/tmp')).find(one => one.startsWith(`sluice-run-${replicaOf(group.id)}-`))
  return readFile(join('/tmp', directory ?? '', `${name}.log`), 'utf8')
}

/** Nobody served: the gateway said so, or an engine that was about to answer died, twice. */
function isUnserved({ lost = '', begun }: Outcome): boolean {
  return !begun && /50[23]/.test(lost)
}

async function writeFakes(): Promise<void> {
  const program = async (directory: string, name: string, text: string) => {
    await mkdir(join(FAKES, directory), { recursive: true })
    await writeFile(join(FAKES, directory, name), text)
    await chmod(join(FAKES, directory, name), 0o755)
  }
  const real = 'exec "$(echo /usr/libexec/*/llama/bin/ggml-rpc-server)" "$@"\n'
  await program('other_build', 'ggml-rpc-server', `#!/bin/sh\n${real}`)
  const others = '[ "$(uname -n)" = vasp-03 ] && echo "version: b1 (of another day)" && exit'
  await program('other_build', 'llama-server', `#!/bin/sh\n${others}\nexec /usr/bin/llama-server "$@"\n`)
  await program('wrong', 'ggml-rpc-server', `#!/bin/sh\nset -- "$@" --of-tomorrow\n${real}`)
  // Takes the one connection before the head's, and then listens no more.
  const deaf = `#!${process.execPath}
const server = require('node:net').createServer(socket => { socket.destroy(); server.close() })
server.listen(Number(process.argv[process.argv.indexOf('-p') + 1]), process.argv[process.argv.indexOf('-H') + 1])
setInterval(() => {}, 1000)
`
  await program('deaf', 'ggml-rpc-server', deaf)
}
