import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freePort } from '../../../src/adapters/engine/process/address.ts'
import { LlamaServer } from '../../../src/library/servers.ts'
import { MODELS_DIRECTORY } from '../cluster/directories.ts'
import { FAST_MODEL } from '../site/site.ts'

// The library with the real llama-server, on the machine of the tests: no job, no gateway.
const outputDir = await mkdtemp(join(tmpdir(), 'sluice-library-'))

const llama = async (serverArgs: (string | Record<string, string | number>)[]) =>
  new LlamaServer({
    model: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`),
    port: await freePort('127.0.0.1'),
    outputDir,
    config: { serverArgs },
    heartbeatInterval: 0.1,
    debugMode: true,
  })

it('answers as soon as it has started, and leaves nothing', async () => {
  const server = await llama([{ threads: 1 }, '--no-webui'])
  const states: string[] = []
  server.on('state', ({ to }) => states.push(to))
  await server.start()
  const { chat = '' } = server.listEndpoints()
  const response = await fetch(chat, {
    method: 'POST',
    body: JSON.stringify({ model: FAST_MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 5 }),
  })
  expect(await response.json()).toMatchObject({ model: FAST_MODEL, usage: { completion_tokens: 5 } })
  expect(await server.checkHealth()).toBe(true)
  expect(await server.stop()).toMatchObject({ killed: [], left: [] })
  expect(states.filter(state => state !== 'loading')).toEqual(['starting', 'ready', 'stopping', 'stopped'])
})

it('is told at once by what argument it could not start', async () => {
  const server = await llama(['--of-tomorrow'])
  await expect(server.start()).rejects.toThrow(
    /Exited with code 1; it printed last:\n.*invalid argument: --of-tomorrow/s,
  )
})

it('is a failure when somebody kills it', async () => {
  const server = await llama([{ threads: 1 }])
  await server.start()
  const failed = new Promise(resolve => server.once('failed', resolve))
  process.kill(server.pid ?? 0, 'SIGKILL')
  expect(await failed).toMatchObject({ from: 'ready', message: 'Killed by SIGKILL without a stop' })
})
