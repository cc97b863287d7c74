import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngineEffects } from '../../../src/adapters/engine/engine-effects.ts'
import { findMarked, identify, signal } from '../../../src/adapters/system/processes.ts'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { installStandIns } from '../../fixtures/engines/install.ts'
import { engineContract, type Subject } from '../../support/engine-contract.ts'
import { spec } from '../../support/replica-spec.ts'
import { until } from '../../support/until.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-stand-ins-'))
await installStandIns(directory)
const WAIT = { timeoutMs: 30_000 }

const base = (engine: EngineName): ReplicaSpec => ({
  ...spec,
  engine,
  command: join(directory, ENGINES[engine].command ?? 'vllm'),
  model: { name: 'm', file: directory },
  env: { STAND_IN_LOAD_MS: '300', STAND_IN_TOKEN_MS: '5' },
})
const dying = (one: ReplicaSpec, why: string): ReplicaSpec => ({ ...one, env: { ...one.env, STAND_IN_CRASH: why } })
const misled = (one: ReplicaSpec): ReplicaSpec => ({ ...one, args: ['--of-tomorrow'] })
const OUT_OF_MEMORY = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB'

const vllm: ReplicaSpec = { ...base('vllm'), tensorParallel: 2 }
const sglang: ReplicaSpec = { ...base('sglang'), tensorParallel: 2 }
const tei: ReplicaSpec = { ...base('tei'), env: { STAND_IN_LOAD_MS: '300', STAND_IN_TOKEN_MS: '400' } }
const custom: ReplicaSpec = {
  ...base('custom'),
  custom: {
    args: ['serve', '{model}', '--host={address}', '--port', '{port}', '--served-model-name', '{name}'],
    ...{ healthPath: '/health', modelsPath: '/v1/models', keyVariable: 'VLLM_API_KEY', serves: ['chat'] },
    metrics: { path: '/metrics', running: 'vllm:num_requests_running', waiting: 'vllm:num_requests_waiting' },
  },
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'the stand-in for vLLM': {
    spec: vllm,
    ...{ serves: 'chat', load: 'running', children: 3 },
    dying: { spec: dying(vllm, OUT_OF_MEMORY), lastLine: /out of memory(.|\n)*Engine core initialization failed/ },
    misled: { spec: misled(vllm), lastLine: /vllm: error: unrecognized arguments: --of-tomorrow$/ },
  },
  'the stand-in for SGLang': {
    spec: sglang,
    ...{ serves: 'chat', load: 'running', children: 3 },
    dying: {
      spec: dying(sglang, OUT_OF_MEMORY),
      lastLine: /out of memory(.|\n)*Received sigquit from a child process/,
    },
    misled: { spec: misled(sglang), lastLine: /launch_server\.py: error: unrecognized arguments: --of-tomorrow$/ },
  },
  'the stand-in for TEI': {
    spec: tei,
    ...{ serves: 'embeddings', load: 'waiting', children: 0 },
    dying: { spec: dying(tei, 'no such file'), lastLine: /Could not start backend: no such file/ },
    misled: { spec: misled(tei), lastLine: /error: unexpected argument '--of-tomorrow' found/ },
  },
  'an engine of the tier’s own': {
    spec: custom,
    ...{ serves: 'chat', load: 'running', children: 1 },
    dying: { spec: dying(custom, OUT_OF_MEMORY), lastLine: /out of memory/ },
    misled: {
      spec: { ...custom, custom: { args: ['serve', '--of-tomorrow', '{port}'], healthPath: '/', serves: [] } },
      lastLine: /vllm: error: unrecognized arguments: --of-tomorrow \d+$/,
    },
  },
}
for (const [name, subject] of Object.entries(SUBJECTS)) engineContract(name, subject)

let started = 0
async function start(one: ReplicaSpec, env: NodeJS.ProcessEnv = process.env) {
  started += 1
  const marker = `SLUICE_ENDPOINT=special-${process.pid}-${started}`
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-special-'))
  const effects = createEngineEffects({
    ...{ engine: ENGINES[one.engine], spec: one, env, self: [], marker, scratch, node: 'here', logName: 'engine' },
  })
  return { engine: await effects.start(), marker, log: () => readFile(join(scratch, 'engine.log'), 'utf8') }
}
type Started = Awaited<ReturnType<typeof start>>['engine']
const ready = (engine: Started) =>
  until('it is ready', () => engine.health(), { ...WAIT, holds: health => health.kind === 'ready' })

async function titled(marker: string, title: string): Promise<number> {
  for (const { pid } of await findMarked(marker)) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith(`${title}\0`)) return pid
  }
  throw new Error(`no ${title}`)
}

describe.concurrent('what each of them is known for', () => {
  it('vLLM exits with 0 when its engine has died, and says so', async () => {
    const { engine, marker } = await start(vllm)
    await ready(engine)
    signal(await titled(marker, 'VLLM::Worker_TP1'), 'SIGKILL')
    expect(await engine.exited).toBe('Exited with code 0')
    expect(await engine.lastLines()).toMatch(/EngineDeadError/)
    await engine.stop()
    expect(await findMarked(marker)).toEqual([])
  })

  it('vLLM refuses while it loads; SGLang answers 503 once it listens; neither is taken for ready or dead', async () => {
    const kinds = async (one: ReplicaSpec, last: string) => {
      const gate = join(await mkdtemp(join(directory, 'gate-')), 'open')
      const { engine } = await start({ ...one, env: { STAND_IN_GATE: gate } })
      const seen = new Set<string>()
      const see = (kind: string) =>
        until(kind, async () => seen.add((await engine.health()).kind), { ...WAIT, holds: all => all.has(kind) })
      await see(last)
      await writeFile(gate, '')
      await see('ready')
      await engine.stop()
      seen.delete('silent') // as on a busy machine
      return seen
    }
    expect([...(await kinds(vllm, 'refused'))]).toEqual(['refused', 'ready'])
    expect([...(await kinds(sglang, 'busy'))].filter(kind => kind !== 'refused')).toEqual(['busy', 'ready'])
  })

  it('SGLang, which would drain for as long as somebody is answered, hears no TERM, and is killed at once', async () => {
    const { engine, marker } = await start({ ...sglang, env: { STAND_IN_TOKEN_MS: '50' } })
    await ready(engine)
    const body = JSON.stringify({ messages: [], max_tokens: 10_000, stream: true })
    const answer = await fetch(`${engine.url}/v1/chat/completions`, { method: 'POST', body })
    const text = answer.text().catch(() => 'broken')
    const pid = engine.processes()[0]?.pid ?? 0
    signal(-pid, 'SIGTERM')
    expect(await engine.health()).toMatchObject({ kind: 'ready' })
    await engine.stop() // it has minutes to go
    expect(await engine.exited).toBe('Killed by SIGKILL')
    expect(await engine.lastLines()).not.toMatch(/SIGTERM received/)
    expect(await findMarked(marker)).toEqual([])
    expect(await text).toBe('broken')
  })

  it('TEI takes its flags from variables, of which none reaches it', async () => {
    const env = { ...process.env, MAX_CLIENT_BATCH_SIZE: '1', PORT: '1', MODEL_ID: 'other', PROMETHEUS_PORT: '1' }
    const { engine } = await start(tei, env)
    await ready(engine)
    expect(await (await fetch(`${engine.url}/info`)).json()).toMatchObject({
      model_id: directory,
      served_model_name: 'm',
    })
    const pid = engine.processes()[0]?.pid ?? 0
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map(line => line.split('=')[0])
    expect(names.filter(name => name !== undefined && name in env && /PORT|MODEL|BATCH/.test(name))).toEqual([])
    await engine.stop()
  })

  it('TEI of before takes no name of its model, and is not told one', async () => {
    const { engine, log } = await start({ ...tei, env: { ...tei.env, STAND_IN_VERSION: '1.8.0' } })
    expect(await ready(engine)).toEqual({ kind: 'ready', models: ['m'] })
    expect(await log()).toMatch(/^sluice: This build does not accept --served-model-name/m)
    await engine.stop()
  })

  it('TEI does not mind who has the port that its metrics would be bound to', async () => {
    const other = createServer()
    // Whoever has it already will do.
    await new Promise<void>(resolve => other.once('error', () => resolve()).listen(9_000, '127.0.0.1', resolve))
    const { engine } = await start(tei)
    await ready(engine)
    await engine.stop()
    other.close()
  })

  it('vLLM is asked to leave, and puts its things in order', async () => {
    const { engine } = await start(vllm)
    await ready(engine)
    await engine.stop()
    expect(await engine.exited).toBe('Exited with code 0')
    expect(await engine.lastLines()).toMatch(/Shutting down$/)
  })

  it.each([
    ['0.11.2', /argument '--disable-log-requests' is deprecated/],
    ['0.12.0', /^sluice: vLLM 0\.12\.0 logs no requests by default: --disable-log-requests is left out$/m],
  ])('vLLM %s takes --disable-log-requests, or is not told it', async (version, said) => {
    const args = ['--disable-log-requests', '--max_num_seqs', '4']
    const { engine, log } = await start({ ...vllm, args, env: { ...vllm.env, STAND_IN_VERSION: version } })
    await ready(engine)
    expect(await log()).toMatch(said)
    await engine.stop()
  })

  it('vLLM names the choices of an argument', async () => {
    const { engine } = await start({ ...vllm, args: ['--kv-cache-dtype', '{"auto":"fp8"}'] })
    expect(await engine.exited).toBe('Exited with code 2')
    expect(await engine.lastLines()).toMatch(
      /vllm serve: error: argument --kv-cache-dtype: invalid choice: .* \(choose from auto, .*fp8/,
    )
    await engine.stop()
  })

  it('requests beyond its limit wait, and the beat can tell', async () => {
    const { engine } = await start({ ...vllm, args: ['--max-num-seqs', '2'] })
    await ready(engine)
    const body = JSON.stringify({ model: 'm', messages: [{ content: 'a b c' }], max_tokens: 4_000, stream: true })
    const stop = new AbortController()
    const ask = () =>
      fetch(`${engine.url}/v1/chat/completions`, { method: 'POST', body, signal: stop.signal })
        .then(answer => answer.text())
        .catch(() => 'broken')
    const answers = [ask(), ask(), ask()]
    const load = await until('all three', () => engine.load(), { ...WAIT, holds: ({ waiting }) => waiting === 1 })
    expect(load).toEqual({ running: 2, waiting: 1, kv: 1, prefixHits: 0.5 })
    stop.abort()
    await Promise.all(answers)
    await engine.stop()
    expect(await identify(engine.processes()[0]?.pid ?? 0)).toBeUndefined()
  })
})
