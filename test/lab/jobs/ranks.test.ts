import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { installStandIns } from '../../fixtures/engines/install.ts'
import { until } from '../../support/until.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, openAi, send, startClients } from '../site/clients.ts'
import { isAlive, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const PROGRAMS = '/scratch/ai/stand-ins'
const MODEL = 'llama-405b'

const tier = (engine: string, command: string, path: string) => ({
  ...{ engine, path, command: join(PROGRAMS, command) },
  model: { name: MODEL, id: 'meta-llama/Llama-3.1-405B' },
  // A tenth of a second for each token: answers are long enough to be in the way.
  env: { STAND_IN_TOKEN_MS: '20' },
  slurm: { partition: 'gpu_ai', nodes: 2, nodelist: 'vasp-[01-02]', gpus: 2, mem: '1G' },
})
const URL = { vllm: 'http://127.0.0.1:8080/v1', sglang: 'http://127.0.0.1:8080/sglang/v1' }

let site: Site

beforeAll(async () => {
  await installStandIns(PROGRAMS)
  site = await openSite({ vllm: tier('vllm', 'vllm', '/'), sglang: tier('sglang', 'python3', '/sglang/') })
  await site.startUpdater()
})
afterAll(() => site.close())

describe.each(['vllm', 'sglang'] as const)('%s over two nodes', name => {
  it('has a process on each, which know each other and their own addresses', async () => {
    await site.submit(name, 1)
    const group = await theGroup(name)
    expect(group.processes.map(one => [one['role'], one['node']])).toEqual([
      ['head', 'vasp-01'],
      ['worker', 'vasp-02'],
    ])
    const outcome = await send({ model: MODEL, tokens: 5, stream: true }, openAi(URL[name]))
    expect(outcome).toMatchObject({ lost: undefined })
    const variable = name === 'vllm' ? 'VLLM_HOST_IP' : 'SGLANG_HOST_IP'
    expect(await environmentOf(group.processes[0]?.pid ?? 0)).toContain(`${variable}=10.77.0.11`)
    const worker = await workerOf(group)
    expect(await environmentOf(worker)).toContain(`${variable}=10.77.0.12`)
    expect(await argvOf(worker)).toMatch(/ --node-rank 1 .* --host 10\.77\.0\.12$/)
  })

  it.each([
    ['the worker', workerOf],
    ['the head', async (group: Endpoint) => group.processes[0]?.pid ?? 0],
  ])('is withdrawn as a whole, and comes back, when %s dies', async (_, victimOf) => {
    const group = await theGroup(name)
    const before = await processesOf(group)
    process.kill(await victimOf(group), 'SIGKILL')
    await until('its withdrawal', async () => !(await site.served(name)).includes(group.id), PATIENCE)
    expect((await theGroup(name)).id).toBe(group.id)
    await until('the end of all of it', () => before.filter(isAlive).length === 0, PATIENCE)
  })

  it('finishes its answers when one of its nodes is taken, and leaves nothing there', async () => {
    const group = await theGroup(name)
    const load = startClients(2, [{ model: MODEL, tokens: 100, stream: true }], URL[name])
    await until('answers', () => load.outcomes.length >= 2, PATIENCE)
    const running = send({ model: MODEL, tokens: 150, stream: true }, openAi(URL[name]))
    const stopped = load.stop()
    const preemptor = await preempt('vasp-02')
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    await until('nothing to be left', async () => (await processesOf(group)).length === 0, PATIENCE)
    expect(lostOf([...(await stopped), await running])).toEqual([])
    const drained = (await site.events(replicaOf(group.id))).find(one => one.event === 'drained')
    expect(drained).toMatchObject({ outcome: 'idle', connections: 0 })
    await cancel(preemptor)
    expect((await theGroup(name)).job.restarts).toBe(1)
    await cancel(group.job.id)
    await until('its file to go', async () => (await site.endpoints()).length === 0, PATIENCE)
  })
})

async function theGroup(name: string): Promise<Endpoint> {
  const [group] = await site.serving(1, name)
  if (group === undefined) throw new Error('Cannot find the group: it does not serve')
  return group
}

/** Everything of the group, on both nodes, which are one machine here. */
async function processesOf({ id, job }: Endpoint): Promise<number[]> {
  const markers = [`SLUICE_ENDPOINT=${id}`, `SLUICE_WORKER=${job.id}-${job.restarts}`]
  return (await Promise.all(markers.map(findMarked))).flat().map(one => one.pid)
}

/** The engine's own process on the second node. */
async function workerOf({ job }: Endpoint): Promise<number> {
  for (const { pid } of await findMarked(`SLUICE_WORKER=${job.id}-${job.restarts}`)) {
    if (/^\S*node .* --node-rank 1 /.test(await argvOf(pid))) return pid
  }
  throw new Error('Cannot find the worker')
}

async function argvOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
  return text.split('\0').join(' ').trim()
}

async function environmentOf(pid: number): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0')
}
