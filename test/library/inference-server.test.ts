import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../src/adapters/engine/process/address.ts'
import { identify, listProcesses, readCommandLine } from '../../src/adapters/system/processes.ts'
import type { ServerOptions } from '../../src/core/domain/server-options.ts'
import { InferenceServer, ServerError } from '../../src/library/inference-server.ts'
import type { StateChange } from '../../src/library/server-state.ts'
import { LlamaServer, SGLangServer, TEIServer, VLLMServer } from '../../src/library/servers.ts'
import { installStandIns } from '../fixtures/engines/install.ts'
import { until } from '../support/until.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/servers')
const SMALL = join(FIXTURES, 'small-engine')
const WAIT = { timeoutMs: 10_000, intervalMs: 10 }

class SmallServer extends InferenceServer {
  override backendName() {
    return 'small'
  }
  override launchCommand() {
    return [SMALL, '--host', this.host, '--port', String(this.port)]
  }
}

let directory = ''
let port = 0
const servers: InferenceServer[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  port = await freePort('127.0.0.1')
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

/** Its log below a directory of its own; every state that it was in. */
function small(envVars: ServerOptions['envVars'] = {}, more: Partial<ServerOptions> = {}) {
  const server = new SmallServer({ model: 'm', port, outputDir: directory, envVars, heartbeatInterval: 0.05, ...more })
  return watched(server)
}

function watched<Server extends InferenceServer>(server: Server) {
  servers.push(server)
  const changes: StateChange[] = []
  server.on('state', change => changes.push(change))
  const tell = (what: string) => fetch(`${server.url}/${what}`, { method: 'POST' })
  return { server, changes, states: () => changes.map(({ to }) => to), tell }
}

async function failure(work: Promise<unknown>): Promise<ServerError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ServerError)) throw new Error(`Expected a ServerError, got ${error}`)
  return error
}

describe('a server', () => {
  it('is ready when start resolves, and gone when stop does', async () => {
    const { server, states } = small({ SMALL_CHILDREN: 4 })
    expect(server.state).toBe('idle')
    expect(await server.start()).toBe(server)
    expect(server.state).toBe('ready')
    expect(await server.checkHealth()).toBe(true)
    const { pid = 0 } = server
    expect((await whatIsLeft()).length).toBeGreaterThanOrEqual(5)
    await server.stop()
    expect(await whatIsLeft()).toEqual([])
    expect(await identify(pid)).toBeUndefined()
    expect(server.pid).toBeUndefined()
    expect(await server.checkHealth()).toBe(false)
    expect(states()).toEqual(['starting', 'ready', 'stopping', 'stopped'])
    await server.stop()
    expect(states().length).toBe(4)
  })

  it('can be started again', async () => {
    const { server, states } = small()
    for (let run = 0; run < 2; run += 1) {
      await server.start()
      await server.stop()
    }
    expect(states().filter(state => state === 'ready').length).toBe(2)
    expect((await failure(Promise.all([server.start(), server.start()]))).message).toBe(
      'Cannot start small: it is starting; stop it first',
    )
  })

  it('says that it loads', async () => {
    const { server, changes } = watched(
      new LlamaServer({
        ...{ model: '/models/tiny.gguf', command: SMALL, port, outputDir: directory },
        envVars: { SMALL_LOAD_MS: 400 },
      }),
    )
    await server.start()
    expect(changes.map(({ to, message }) => [to, message])).toEqual([
      ['starting', undefined],
      ['loading', 'Loading model'],
      ['ready', undefined],
    ])
  })

  it('is ready though it asks its clients for a key', async () => {
    const bin = join(directory, 'bin')
    await installStandIns(bin)
    const options = { model: 'm', command: join(bin, 'vllm'), port, outputDir: directory }
    const { server } = watched(new VLLMServer({ ...options, envVars: { VLLM_API_KEY: 'k' }, startupTimeout: 20 }))
    await server.start()
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(401)
    expect(await server.checkHealth()).toBe(true)
  })

  it('has its sockets where no other account may come', async () => {
    const bin = join(directory, 'bin')
    await installStandIns(bin)
    const command = join(bin, 'text-embeddings-router')
    const { server } = watched(new TEIServer({ model: 'm', command, port, outputDir: directory, startupTimeout: 20 }))
    await server.start()
    const sockets = join(directory, `tei-${port}`)
    expect((await stat(sockets)).mode & 0o777).toBe(0o700)
    expect(await readdir(sockets)).toEqual(['tei.sock'])
  })

  it('is stopped at the end of a block that uses it', async () => {
    const { server } = small()
    {
      await using one = await server.start()
      expect(one.state).toBe('ready')
    }
    expect(server.state).toBe('stopped')
  })

  it('leaves its log and nothing else in its directory', async () => {
    const { server } = small()
    await server.start()
    expect(await readdir(directory)).toEqual([`small-${port}.log`])
    expect(await readFile(join(directory, `small-${port}.log`), 'utf8')).toBe(
      `sluice: starts\nargv ["--host","127.0.0.1","--port","${port}"]\n`,
    )
  })
})

describe('a server that fails to start', () => {
  it.each(['0', '3'])('is reported at once, with what it printed last, though its code is %s', async code => {
    const { server, changes } = small({
      SMALL_LOAD_MS: 60_000,
      SMALL_CRASH_MS: 300,
      SMALL_EXIT_CODE: code,
      SMALL_CHILDREN: 4,
    })
    const { message, lastLines } = await failure(server.start()) // not after the time that it would load
    expect(message).toMatch(
      new RegExp(`^Cannot start small: Exited with code ${code}; it printed last:\nargv .*\nRuntimeError`),
    )
    expect(lastLines).toMatch(/^argv .*\nRuntimeError: CUDA out of memory at \d+$/)
    expect(await whatIsLeft()).toEqual([])
    expect(changes.at(-1)).toMatchObject({
      from: 'starting',
      to: 'failed',
      message: `Exited with code ${code}`,
      lastLines,
    })
  })

  it('is reported when its program is not there', async () => {
    const { server } = watched(new VLLMServer({ model: 'm', port, outputDir: directory, command: '/does/not/exist' }))
    expect((await failure(server.start())).message).toMatch(
      /^Cannot start vllm: Exited with code 127.*\/does\/not\/exist/s,
    )
  })

  it('is reported when its port is taken, before another process is asked for its health', async () => {
    const holder = createTcpServer().listen(port, '127.0.0.1')
    const { server } = small()
    expect((await failure(server.start())).message).toBe(
      `Cannot start small: Cannot use port ${port} of 127.0.0.1: EADDRINUSE`,
    )
    holder.close()
    expect(server.state).toBe('failed')
  })

  it('is ended when it is too late, with why it was not ready', async () => {
    const { server } = small({ SMALL_LOAD_MS: 60_000 }, { startupTimeout: 3 })
    const started = server.start()
    await until('it runs', () => server.pid !== undefined, WAIT)
    const { pid = 0 } = server
    expect((await failure(started)).message).toMatch(/^Cannot start small: Not ready after 3 s: HTTP 503/)
    expect(await identify(pid)).toBeUndefined()
  })

  it('can be stopped meanwhile', async () => {
    const { server, states } = small({ SMALL_LOAD_MS: 60_000 })
    const started = failure(server.start())
    await until('it runs', () => server.pid !== undefined, WAIT)
    const { pid = 0 } = server
    await server.stop()
    expect((await started).message).toBe('Cannot start small: it was stopped meanwhile')
    expect(await identify(pid)).toBeUndefined()
    expect(states()).toEqual(['starting', 'stopping', 'stopped'])
  })

  it('can be stopped before it has a process', async () => {
    const { server, states } = small()
    const started = failure(server.start())
    await server.stop()
    expect((await started).message).toBe('Cannot start small: it was stopped meanwhile')
    expect(states()).toEqual(['starting', 'stopping', 'stopped'])
    expect((await listProcesses()).length).toBeGreaterThan(0)
  })
})

describe('a heartbeat', () => {
  it('that fails is a state, and so is its return', async () => {
    const { server, changes, tell } = small()
    await server.start()
    await tell('dead')
    await until('it is unhealthy', () => server.state === 'unhealthy', WAIT)
    expect(await server.checkHealth()).toBe(false)
    await tell('well')
    await until('it is ready', () => server.state === 'ready', WAIT)
    expect(changes.slice(2).map(({ to, message }) => [to, message])).toEqual([
      ['unhealthy', 'HTTP 500: "EngineDeadError"'],
      ['ready', undefined],
    ])
  })

  it('that is not answered in time does not end the server', async () => {
    const { server, changes, tell } = small({}, { heartbeatTimeout: 0.2 })
    await server.start()
    const { pid = 0 } = server
    await tell('silent')
    await until('it is unhealthy', () => server.state === 'unhealthy', WAIT)
    expect(changes.at(-1)?.message).toBe('It does not answer in time')
    expect(await identify(pid)).toBeDefined()
  })

  it('is not waited for when the server ends unasked with code 0', async () => {
    const { server, changes, tell } = small({ SMALL_CHILDREN: 4 }, { heartbeatInterval: 3_600 })
    await server.start()
    await tell('exit')
    await until('it has failed', () => server.state === 'failed', WAIT)
    expect(changes.at(-1)).toMatchObject({ from: 'ready', message: 'Exited with code 0 without a stop' })
    expect(await whatIsLeft()).toEqual([])
  })
})

describe('an end that was not asked for', () => {
  it('and one that was asked for at about the same time are one end', async () => {
    const { server, states } = small({}, { heartbeatInterval: 3_600 })
    const rounds = [0, 1, 2, 4, 8, 16, 32]
    for (const turns of rounds) {
      await server.start()
      process.kill(server.pid ?? 0, 'SIGKILL')
      for (let turn = 0; turn < turns; turn += 1) await setImmediate()
      await server.stop()
      expect(['stopped', 'failed']).toContain(server.state)
    }
    expect(states().filter(state => state === 'stopped' || state === 'failed').length).toBe(rounds.length)
  })
})

describe('debug mode', () => {
  it('verifies that nothing is left', async () => {
    const { server } = small({ SMALL_CHILDREN: 3 }, { debugMode: true })
    let told: unknown
    server.on('cleanup', report => {
      told = report
    })
    await server.start()
    const report = await server.stop()
    expect(report).toMatchObject({ killed: [], left: [] })
    expect(report?.observed).toBeGreaterThanOrEqual(4)
    expect(told).toEqual(report)
  })
})

describe('a profile', () => {
  function profiled(envVars: ServerOptions['envVars']) {
    const output = join(directory, 'profiles')
    const profile = { enabled: true, tool: 'nsys', outputDir: output, args: ['--trace=cuda,nvtx'] } as const
    const PATH = `${FIXTURES}:${process.env['PATH']}`
    return { ...small({ PATH, ...envVars }, { profile, debugMode: true }), output }
  }

  it('by nsys has nsys start first, and both end by stop, with its report', async () => {
    const { server, output } = profiled({ SMALL_CHILDREN: 2 })
    await server.start()
    const { pid = 0 } = server
    const words = await readCommandLine(pid)
    const report = words.find(word => word.startsWith('--output='))?.slice('--output='.length) ?? ''
    expect(report).toMatch(new RegExp(`^${output}/small-${port}-\\d{8}T\\d{6}$`))
    expect(words.slice(1)).toEqual([
      ...[join(FIXTURES, 'nsys'), 'profile', `--output=${report}`, '--trace-fork-before-exec=true'],
      ...['--cuda-graph-trace=node', '--trace=cuda,nvtx', SMALL, '--host', '127.0.0.1', '--port', String(port)],
    ])
    expect(await server.stop()).toMatchObject({ killed: [], left: [] })
    expect(await identify(pid)).toBeUndefined()
    expect(await readFile(`${report}.nsys-rep`, 'utf8')).toBe('recorded\n')
    expect(await whatIsLeft()).toEqual([])
  })

  it('is written though the server hears no TERM, and is killed with its children', async () => {
    const { server, output } = profiled({ SMALL_CHILDREN: 2, SMALL_DEAF: 'yes' })
    await server.start()
    await server.stop()
    expect((await readdir(output)).map(name => name.replace(/.*\./, ''))).toEqual(['nsys-rep'])
    expect(await whatIsLeft()).toEqual([])
  })

  it('begins and ends in an engine that runs, where the engine can be asked', async () => {
    const options = { model: 'm', command: SMALL, port, outputDir: directory }
    const { server } = watched(
      new VLLMServer({ ...options, profile: { enabled: true, tool: 'pytorch', outputDir: directory } }),
    )
    await server.start()
    expect(await readFile(join(directory, `vllm-${port}.log`), 'utf8')).toContain('"--profiler-config"')
    await server.startProfile()
    await server.stopProfile()
    expect((await failure(new TEIServer(options).startProfile())).message).toBe(
      'Cannot start a profile: tei has no request for that while it runs; use profile in its options',
    )
  })
})

describe('what a server says of itself', () => {
  it('is its launch command', () => {
    const options = { model: 'meta-llama/Llama-2-7b-hf', config: { serverArgs: { tp: 4, 'trust-remote-code': true } } }
    expect(new SGLangServer(options).launchCommand()).toEqual([
      ...['python3', '-m', 'sglang.launch_server', '--model-path', 'meta-llama/Llama-2-7b-hf'],
      ...['--host', '127.0.0.1', '--port', '8000', '--enable-metrics'],
      ...['--served-model-name', 'meta-llama/Llama-2-7b-hf', '--tp', '4', '--trust-remote-code'],
    ])
    expect(new LlamaServer({ model: '/m/tiny-Q4_K_M.gguf', port: 8081 }).launchCommand()).toEqual([
      ...['llama-server', '--host', '127.0.0.1', '--port', '8081', '--metrics'],
      ...['--model', '/m/tiny-Q4_K_M.gguf', '--alias', 'tiny-Q4_K_M'],
    ])
  })

  it('is its addresses', () => {
    const server = new VLLMServer({ model: 'm', host: '0.0.0.0' })
    expect(server.healthEndpoint()).toBe('http://127.0.0.1:8000/health')
    expect(server.listEndpoints()).toEqual({
      health: 'http://127.0.0.1:8000/health',
      models: 'http://127.0.0.1:8000/v1/models',
      chat: 'http://127.0.0.1:8000/v1/chat/completions',
      completions: 'http://127.0.0.1:8000/v1/completions',
      metrics: 'http://127.0.0.1:8000/metrics',
    })
  })
})

/** What carries the marker of a server on this port, wherever it went. */
async function whatIsLeft(): Promise<string[]> {
  const rows = await Promise.all(
    (await listProcesses()).map(async ({ pid }) => ({
      line: `${pid} ${(await readCommandLine(pid)).join(' ')}`,
      environ: await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
    })),
  )
  return rows
    .filter(({ environ }) => new RegExp(`\\0SLUICE_SERVER=\\w+-${port}-`).test(environ))
    .map(({ line }) => line)
}
