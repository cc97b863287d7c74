import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { Load } from '../../../src/core/domain/load.ts'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import type { StatusReport } from '../../../src/core/status/status-report.ts'
import { installStandIns } from '../../fixtures/engines/install.ts'
import { engineContract } from '../../support/engine-contract.ts'
import { spec } from '../../support/replica-spec.ts'
import { until } from '../../support/until.ts'
import { MODELS_DIRECTORY } from '../cluster/directories.ts'
import { cancel } from '../cluster/slurm-view.ts'
import { openAi } from '../site/clients.ts'
import { FAST_MODEL, FAST_TIER, GATEWAY, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const STAND_INS = '/scratch/ai/stand-ins'
const TORN = '/scratch/ai/torn.gguf'
await writeFile(TORN, (await readFile(join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`))).subarray(0, 300_000))

const llama: ReplicaSpec = {
  ...spec,
  model: { name: 'slow', file: join(MODELS_DIRECTORY, `${SLOW_MODEL}.gguf`) },
  args: ['--threads', '1'],
}
engineContract('the real llama.cpp', {
  spec: llama,
  ...{ serves: 'chat', load: 'running', children: 0 },
  dying: { spec: { ...llama, model: { name: 'torn', file: TORN } }, lastLine: /failed to load model/ },
  misled: { spec: { ...llama, args: ['--of-tomorrow'] }, lastLine: /invalid argument: --of-tomorrow/ },
})

const SMALL = { partition: 'gpu_ai', gpus: 0, mem: '1G' }
const standIn = (engine: string, program: string, model: object, change: object = {}) => ({
  ...{ engine, path: `/${engine}/`, command: join(STAND_INS, program), model },
  env: { STAND_IN_LOAD_MS: '1000', STAND_IN_TOKEN_MS: '20' },
  slurm: { ...SMALL, jobName: engine },
  ...change,
})
const TIERS = {
  fast: { ...FAST_TIER, slurm: { ...FAST_TIER.slurm, gpus: 0 } },
  vllm: standIn('vllm', 'vllm', { name: 'qwen', file: MODELS_DIRECTORY }, { args: { max_num_seqs: 4 } }),
  sglang: standIn('sglang', 'python3', { name: 'llama', file: MODELS_DIRECTORY }),
  tei: standIn('tei', 'text-embeddings-router', { name: 'bge', id: 'BAAI/bge-m3' }),
  misled: standIn(
    'vllm',
    'vllm',
    { name: 'other', file: MODELS_DIRECTORY },
    { path: '/misled/', args: ['--of-tomorrow'] },
  ),
}
type TierName = keyof typeof TIERS

describe('four engines behind one nginx', () => {
  let site: Site
  beforeAll(async () => {
    await installStandIns(STAND_INS)
    site = await openSite(TIERS)
    await site.startUpdater()
    for (const name of Object.keys(TIERS)) await site.submit(name, 1)
    for (const name of ['fast', 'vllm', 'sglang', 'tei']) await site.serving(1, name)
  })
  afterAll(() => site.close())

  const one = async (name: TierName): Promise<Endpoint> => {
    const found = await until(
      `the endpoint of ${name}`,
      async () => (await site.endpoints()).find(e => e.tier === name),
      PATIENCE,
    )
    if (found === undefined) throw new Error('none')
    return found
  }

  it.each<[TierName, string, string[], string[]]>([
    ['vllm', 'vllm', ['chat', 'completions'], ['qwen']],
    ['sglang', 'sglang', ['chat', 'completions'], ['llama']],
    ['tei', 'tei', ['embeddings'], ['bge']],
  ])('%s says what it is, and what it serves', async (name, engine, serves, models) => {
    expect(await one(name)).toMatchObject({ engine, serves, models, state: 'ready' })
  })

  it.each([
    ['/', FAST_MODEL],
    ['/vllm/', 'qwen'],
    ['/sglang/', 'llama'],
  ])('chats at %s, in one piece and as a stream', async (path, model) => {
    const { chat } = openAi(`${GATEWAY}${path}v1`)
    const asked = { model, messages: [{ role: 'user' as const, content: 'Hello' }], max_tokens: 5 }
    const whole = await chat.completions.create(asked)
    expect([whole.model, whole.usage?.completion_tokens]).toEqual([model, 5])
    let words = 0
    for await (const { choices } of await chat.completions.create({ ...asked, stream: true })) {
      if ((choices[0]?.delta.content ?? '') !== '') words += 1
    }
    expect(words).toBe(5)
  })

  it('embeds at the path of its tier, and chats there with nobody', async () => {
    const client = openAi(`${GATEWAY}/tei/v1`)
    const { data, model } = await client.embeddings.create({ model: 'bge', input: ['one', 'two', 'one'] })
    expect([data.length, model]).toEqual([3, 'bge'])
    expect(data[0]?.embedding).toEqual(data[2]?.embedding)
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding)
    const chat = client.chat.completions.create({ model: 'bge', messages: [{ role: 'user', content: 'x' }] })
    await expect(chat).rejects.toMatchObject({ status: 404 })
  })

  it('knows the load of each by its metrics, and shows it', async () => {
    const stop = new AbortController()
    const busy = Array.from({ length: 6 }, () =>
      fetch(`${GATEWAY}/vllm/v1/chat/completions`, {
        ...{ method: 'POST', signal: stop.signal, headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ model: 'qwen', messages: [], max_tokens: 100_000, stream: true }),
      })
        .then(answer => answer.text())
        .catch(() => 'broken'),
    )
    const vllm = await until('its load', () => loadOf('vllm'), { ...PATIENCE, holds: load => load?.waiting === 2 })
    expect(vllm).toMatchObject({ running: 4, waiting: 2, kv: 1 })
    const { stdout } = await site.sluice('status', '--config', site.configFile)
    expect(String(stdout)).toMatch(/4 running, 2 waiting, KV 100 %/)
    stop.abort()
    await Promise.all(busy)
    const idle = { ...PATIENCE, holds: (load: Load | undefined) => load?.running === 0 }
    await until('no load', () => loadOf('vllm'), idle)
    expect(await until('no load', () => loadOf('sglang'), idle)).toMatchObject({ waiting: 0, kv: 0 })
    expect(await loadOf('tei')).toMatchObject({ running: null, kv: null })
  })

  it('asks a router for the load of its loaded models, and loads none by asking', async () => {
    const known = { ...PATIENCE, holds: (load: Load | undefined) => load?.running === 0 }
    expect(await until('its load', () => loadOf('fast'), known)).toMatchObject({ waiting: 0 })
    const models = JSON.parse(await (await fetch(`${GATEWAY}/v1/models`)).text()).data
    const statuses = models.map((model: { id: string; status: { value: string } }) => [model.id, model.status.value])
    expect(Object.fromEntries(statuses)).toMatchObject({ [FAST_MODEL]: 'loaded', [SLOW_MODEL]: 'unloaded' })
  })

  it('tells of an engine that does not take its arguments by its last lines', async () => {
    const told = await until('its words', async () => (await one('misled')).message ?? '', {
      ...PATIENCE,
      holds: message => message.includes('unrecognized'),
    })
    expect(told).toMatch(/^Exited with code 2: .*vllm: error: unrecognized arguments: --of-tomorrow$/)
  })

  it('brings vLLM back when its engine has died, although that exits with 0', async () => {
    const before = await one('vllm')
    const pid = await titled(`SLUICE_ENDPOINT=${before.id}`, 'VLLM::EngineCore')
    process.kill(pid, 'SIGKILL')
    const replica = before.id.slice(0, -2)
    const exited = await until(
      'its exit',
      async () => (await site.events(replica)).find(e => e.event === 'engine exited'),
      PATIENCE,
    )
    expect(exited).toMatchObject({ message: expect.stringMatching(/^Exited with code 0: .*EngineDeadError/s) })
    const [after] = await site.serving(1, 'vllm')
    expect(after?.id).toBe(before.id)
    expect(after?.processes[0]?.pid).not.toBe(before.processes[0]?.pid)
  })

  it.each<TierName>(['vllm', 'sglang', 'tei'])('leaves nothing of %s when it goes', async name => {
    const { id, job } = await one(name)
    expect((await findMarked(`SLUICE_ENDPOINT=${id}`)).length).toBeGreaterThan(0)
    await cancel(job.id)
    await until('its end', async () => (await findMarked(`SLUICE_ENDPOINT=${id}`)).length === 0, PATIENCE)
    await until('no route', async () => (await site.served(name)).length === 0, PATIENCE)
  })

  async function loadOf(name: TierName): Promise<Load | undefined> {
    const { stdout } = await site.sluice('status', '--json', '--config', site.configFile)
    const report: StatusReport = JSON.parse(String(stdout))
    const endpoint = report.tiers.find(tier => tier.name === name)?.replicas[0]?.endpoint
    return endpoint === null || endpoint === undefined || endpoint === 'unknown'
      ? undefined
      : (endpoint.load ?? undefined)
  }
})

async function titled(marker: string, title: string): Promise<number> {
  for (const { pid } of await findMarked(marker)) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith(`${title}\0`)) return pid
  }
  throw new Error(`Cannot find ${title}`)
}
