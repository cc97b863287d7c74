import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { serveDemoEngine } from '../../../src/adapters/demo-engine/serve.ts'
import { checkHealth } from '../../../src/adapters/engine/health.ts'
import { freePort } from '../../../src/adapters/engine/process/address.ts'
import { createHttp } from '../../../src/adapters/system/http.ts'
import { demo } from '../../../src/core/engines/demo.ts'
import { llamaCpp } from '../../../src/core/engines/llama-cpp.ts'
import { spec } from '../../support/replica-spec.ts'
import { until } from '../../support/until.ts'

const stopped = new AbortController()
const port = await freePort('127.0.0.1')
const url = `http://127.0.0.1:${port}`
const over = serveDemoEngine({ host: '127.0.0.1', port, models: ['a', 'b'], signal: stopped.signal })
await until('it to listen', async () => (await fetch(`${url}/health`)).ok, { timeoutMs: 5_000, intervalMs: 5 })
afterAll(async () => {
  stopped.abort()
  await over
})

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'How are you?' }]
const ANSWER = "This is Sluice's demo engine, not a language model: it repeats what reached it. You wrote: How are you?"

describe('a demo engine', () => {
  it('answers a chat, and says that it is one', async () => {
    const { choices, usage, model, system_fingerprint } = await client.chat.completions.create({ model: 'a', messages })
    expect(choices).toEqual([
      { index: 0, message: { role: 'assistant', content: ANSWER }, logprobs: null, finish_reason: 'stop' },
    ])
    expect(usage).toEqual({ prompt_tokens: 3, completion_tokens: 19, total_tokens: 22 })
    expect([model, system_fingerprint]).toEqual(['a', 'sluice-demo-engine'])
  })

  it('streams the same, to its end', async () => {
    const stream = await client.chat.completions.create({
      ...{ model: 'a', messages, stream: true, stream_options: { include_usage: true } },
    })
    const chunks = await all(stream)
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe(ANSWER)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(19)
  })

  it('completes a prompt, plain and streamed', async () => {
    const prompt = 'How are you?'
    expect((await client.completions.create({ model: 'a', prompt })).choices[0]?.text).toBe(ANSWER)
    const chunks = await all(await client.completions.create({ model: 'a', prompt, stream: true }))
    expect(chunks.map(chunk => chunk.choices[0]?.text).join('')).toBe(ANSWER)
  })

  it('keeps to max_tokens, and repeats no more than the beginning of a long prompt', async () => {
    const cut = await client.chat.completions.create({ model: 'a', messages, max_tokens: 4 })
    expect(cut.choices[0]).toMatchObject({ message: { content: "This is Sluice's demo" }, finish_reason: 'length' })
    const long = [{ role: 'user' as const, content: 'x'.repeat(1_000_000) }]
    const answer = await client.chat.completions.create({ model: 'a', messages: long })
    expect(answer.choices[0]?.message.content).toMatch(/: x{200}…$/)
  })

  it('reads the text of a list of parts', async () => {
    const parts = [
      { type: 'text' as const, text: 'one' },
      { type: 'text' as const, text: 'two' },
    ]
    const answer = await client.chat.completions.create({ model: 'a', messages: [{ role: 'user', content: parts }] })
    expect(answer.choices[0]?.message.content).toMatch(/You wrote: one two$/)
  })

  it.each([
    ['/v1/chat/completions', '{', 400, 'The body is not JSON'],
    ['/v1/chat/completions', '[]', 400, 'The body is not a JSON object'],
    ['/v1/chat/completions', '{}', 400, '"messages" is missing'],
    ['/v1/completions', '{}', 400, '"prompt" is missing'],
    ['/v1/embeddings', '{}', 404, "Sluice's demo engine does not serve POST /v1/embeddings"],
  ])('refuses at %s what it does not understand: %s', async (path, body, status, message) => {
    const answer = await fetch(url + path, { method: 'POST', body })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ error: { message } })
  })

  it('is healthy by the same judge as llama-server', async () => {
    const health = await checkHealth({ http: createHttp(), engine: demo, spec, url })
    expect(health).toEqual({ kind: 'ready', models: ['a', 'b'] })
    expect(demo.readHealth).toBe(llamaCpp.readHealth)
  })
})

describe('a demo engine with a key', () => {
  it.each([
    ['/health', undefined, 200],
    ['/v1/models', undefined, 401],
    ['/v1/models', 'Bearer other', 401],
    ['/v1/models', 'secret', 401],
    ['/v1/models', 'Bearer secret', 200],
  ])('answers at %s whoever carries %s with %i', async (path, authorization, status) => {
    const port = await freePort('127.0.0.1')
    const ending = new AbortController()
    const over = serveDemoEngine({ host: '127.0.0.1', port, models: ['a'], key: 'secret', signal: ending.signal })
    const at = `http://127.0.0.1:${port}`
    const isUp = () =>
      fetch(`${at}/health`).then(
        one => one.ok,
        () => false,
      )
    await until('it to listen', isUp, { timeoutMs: 5_000, intervalMs: 5 })
    const answer = await fetch(at + path, authorization === undefined ? {} : { headers: { authorization } })
    expect(answer.status).toBe(status)
    ending.abort()
    await over
  })
})

it.each([
  ['a model', { model: { name: 'm', file: '/m.gguf' } }, ['--model', 'm']],
  [
    'preloaded models',
    { router: { modelsDir: '/m', modelsMax: 2, preload: ['a', 'b'] } },
    ['--model', 'a', '--model', 'b'],
  ],
  ['neither', {}, []],
])('is told the names of %s, and nothing of what llama-server would take', (_, change, names) => {
  const argv = demo.argv({ ...spec, args: ['--threads', '1'], ...change }, { address: '127.0.0.1', port: 40_000 })
  expect(argv).toEqual(['--host', '127.0.0.1', '--port', '40000', ...names])
})

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
