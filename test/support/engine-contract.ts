import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import { createEngineEffects } from '../../src/adapters/engine/engine-effects.ts'
import { findMarked, signal } from '../../src/adapters/system/processes.ts'
import { fingerprintOf } from '../../src/core/domain/engine-key.ts'
import type { ReplicaSpec } from '../../src/core/domain/replica-spec.ts'
import type { EngineHealth } from '../../src/core/engines/engine.ts'
import { ENGINES } from '../../src/core/engines/index.ts'
import { until } from './until.ts'

/** One engine, real or stood in for, as the contract tries it. */
export interface Subject {
  readonly spec: ReplicaSpec
  /** What it serves by: chat completions, or embeddings. */
  readonly serves: 'chat' | 'embeddings'
  /** The same engine, but so that it dies while it starts; its last lines have to say this. */
  readonly dying: { readonly spec: ReplicaSpec; readonly lastLine: RegExp }
  /** The same, with an argument that it does not know. */
  readonly misled: { readonly spec: ReplicaSpec; readonly lastLine: RegExp }
  /** Its own processes besides the one that was started, once it is ready. */
  readonly children: number
  /** How it tells of a request that it answers: TEI tells only of those that wait. */
  readonly load: 'running' | 'waiting'
}

const WAIT = { timeoutMs: 30_000 }
/** The shell that ends an engine when its supervisor is gone is marked, too. */
const WATCHERS = 1
let engines = 0
/** What each is told to ask for. */
const KEY = 'contract-0123456789abcdef0123456789'

type Running = Awaited<ReturnType<ReturnType<typeof createEngineEffects>['start']>>

/** What every engine does through src/server, whatever its program. */
export function engineContract(name: string, subject: Subject): void {
  async function start(spec: ReplicaSpec, { onTestFinished }: TestContext) {
    engines += 1
    const marker = `SLUICE_ENDPOINT=contract-${process.pid}-${engines}`
    const scratch = await mkdtemp(join(tmpdir(), 'sluice-contract-'))
    const effects = createEngineEffects({
      ...{
        engine: ENGINES[spec.engine],
        spec,
        env: process.env,
        self: [],
        marker,
        scratch,
        node: 'here',
        logName: 'engine',
        engineKey: async () => KEY,
      },
    })
    expect(await effects.preflight()).toBeUndefined()
    const one = await effects.start()
    onTestFinished(() => one.stop().then(() => undefined))
    return { one, marker }
  }

  const ready = (one: Running) =>
    until('it is ready', () => one.health(), { ...WAIT, holds: health => health.kind === 'ready' })
  const model = subject.spec.model?.name ?? ''
  const ask = (one: Running, tokens: number, change: object = {}) =>
    subject.serves === 'chat'
      ? post(`${one.url}/v1/chat/completions`, {
          ...{ model, messages: [{ role: 'user', content: 'Hello there' }], max_tokens: tokens, ...change },
        })
      : post(`${one.url}/v1/embeddings`, { model, input: ['Hello', 'there'], ...change })

  describe.concurrent(name, () => {
    it('is not ready while it loads, then is, and names its model', async context => {
      const { one } = await start(subject.spec, context)
      const seen: EngineHealth[] = []
      await until('it is ready', async () => seen.push(await one.health()), {
        ...WAIT,
        holds: () => seen.at(-1)?.kind === 'ready',
      })
      expect(seen.slice(0, -1).filter(({ kind }) => !['loading', 'refused', 'busy'].includes(kind))).toEqual([])
      expect(seen.length).toBeGreaterThan(1)
      expect(seen.at(-1)).toEqual({ kind: 'ready', models: [model] })
    })

    it('answers only /health without the key, and does not show it', async context => {
      const { one, marker } = await start(subject.spec, context)
      await ready(one)
      expect((await fetch(`${one.url}${ENGINES[subject.spec.engine].paths(subject.spec).health}`)).status).toBe(200)
      expect((await ask(one, 1, { bearer: 'none' })).status).toBe(401)
      expect((await ask(one, 1)).status).toBe(200)
      expect(one.key).toBe(fingerprintOf(KEY))
      const argv = await Promise.all(
        (await findMarked(marker)).map(({ pid }) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
      )
      expect(argv.join('\0')).toContain(subject.spec.command)
      expect(argv.join('\0') + (await one.lastLines())).not.toContain(KEY)
    })

    it('answers, plain and streamed, in the words of its API', async context => {
      const { one } = await start(subject.spec, context)
      await ready(one)
      const whole = await read(await ask(one, 3))
      if (subject.serves === 'embeddings') {
        expect(whole).toMatchObject({ object: 'list', model, data: [{ index: 0 }, { index: 1 }] })
        expect(whole.data?.[0]?.embedding.length).toBeGreaterThan(0)
        return
      }
      expect(whole).toMatchObject({
        ...{ object: 'chat.completion', model, usage: { completion_tokens: 3 } },
        choices: [{ message: { role: 'assistant' }, finish_reason: 'length' }],
      })
      const stream = await ask(one, 3, { stream: true })
      expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
      const events = (await stream.text()).split('\n\n').filter(Boolean)
      expect(events.at(-1)).toBe('data: [DONE]')
      const chunks = events.slice(0, -1).map(event => JSON.parse(event.replace('data: ', '')))
      expect(new Set(chunks.map(chunk => chunk.object))).toEqual(new Set(['chat.completion.chunk']))
      expect(chunks.map(chunk => chunk.choices[0]?.finish_reason ?? null).filter(Boolean)).toEqual(['length'])
    })

    it('reports its load while it answers, and none afterwards', async context => {
      const { one } = await start(subject.spec, context)
      await ready(one)
      await (await ask(one, 1)).text()
      const stop = new AbortController()
      const asked = [1, 2].map(() => ask(one, 4_000, { stream: true, signal: stop.signal }).catch(() => undefined))
      if (subject.serves === 'chat') await Promise.all(asked)
      await until('its load', () => one.load(), { ...WAIT, holds: load => (load[subject.load] ?? 0) > 0 })
      stop.abort()
      await Promise.all(asked)
      await until('no load', () => one.load(), { ...WAIT, holds: load => load[subject.load] === 0 })
    })

    it('that dies while it starts is reported at once, with what it said last', async context => {
      const { one } = await start(subject.dying.spec, context)
      await one.exited
      expect(await one.lastLines()).toMatch(subject.dying.lastLine)
    })

    it('says which argument it does not take', async context => {
      const { one } = await start(subject.misled.spec, context)
      expect(await one.exited).toMatch(/^Exited with code [12]$/)
      expect(await one.lastLines()).toMatch(subject.misled.lastLine)
    })

    it('leaves nothing when it is stopped, not even in the middle of an answer', async context => {
      const { one, marker } = await start(subject.spec, context)
      await ready(one)
      const children = (await findMarked(marker)).filter(({ pid }) => pid !== one.processes()[0]?.pid)
      expect(children.length).toBe(subject.children + WATCHERS)
      const answer = ask(one, 4_000, { stream: true })
        .then(response => response.text())
        .catch(() => 'broken')
      await until('it answers', () => one.connections(), { ...WAIT, holds: count => (count ?? 0) > 0 })
      await one.stop()
      await answer
      expect(await findMarked(marker)).toEqual([])
    })

    it('leaves nothing when it was killed', async context => {
      const { one, marker } = await start(subject.spec, context)
      await ready(one)
      signal(one.processes()[0]?.pid ?? 0, 'SIGKILL')
      expect(await one.exited).toBe('Killed by SIGKILL')
      await one.stop()
      expect(await findMarked(marker)).toEqual([])
    })
  })
}

async function read(response: Response): Promise<{ data?: { embedding: number[] }[] }> {
  return JSON.parse(await response.text())
}

function post(url: string, { signal, bearer = KEY, ...body }: Record<string, unknown>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    ...(signal instanceof AbortSignal ? { signal } : {}),
  })
}
