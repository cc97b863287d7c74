import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../src/adapters/engine/process/address.ts'
import { readCommandLine } from '../../../src/adapters/system/processes.ts'
import type { ServerConfig, ServerOptions } from '../../../src/core/domain/server-options.ts'
import { InferenceServer } from '../../../src/library/inference-server.ts'
import { loadServerConfig, startServerFromConfig } from '../../../src/library/server-config.ts'
import { createServer, SGLangServer, VLLMServer } from '../../../src/library/servers.ts'
import { installStandIns } from '../../fixtures/engines/install.ts'

// Every example in the README of the seed's inference-server module, its Python as TypeScript. Stand-ins that know the
// engines' real arguments are started; a free port stands for 8000, and a directory of the test's own for theirs.
const FIXTURES = join(import.meta.dirname, '../../fixtures')
const SERVERS = join(FIXTURES, 'servers')
const LLAMA_2 = 'meta-llama/Llama-2-7b-hf'

let directory = ''
let port = 0
let path = ''
const servers: InferenceServer[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  port = await freePort('127.0.0.1')
  const bin = join(directory, 'bin')
  await installStandIns(bin)
  await symlink(join(SERVERS, 'small-engine'), join(bin, 'my-backend-binary'))
  for (const name of ['nsys', 'rocprof']) await symlink(join(SERVERS, name), join(bin, name))
  path = `${bin}:${process.env['PATH']}`
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

/** The options of an example where this test runs. */
function here<Options extends ServerOptions>(options: Options): Options {
  return {
    ...options,
    port,
    outputDir: join(directory, 'server_logs'),
    envVars: { ...options.envVars, PATH: path },
    ...(options.profile === undefined
      ? {}
      : { profile: { ...options.profile, outputDir: join(directory, 'profiles') } }),
  }
}

/** Starts it and gives the words that its program got, without those of its address. */
async function startedWith(server: InferenceServer): Promise<string[]> {
  servers.push(server)
  await server.start()
  const words = await readCommandLine(server.pid ?? 0)
  const argv = words.slice(words.findLastIndex(word => word.startsWith(FIXTURES) || word.startsWith(directory)) + 1)
  return argv.toSpliced(argv.indexOf('--host'), 4)
}

async function load(yaml: string): Promise<ServerConfig> {
  const file = join(directory, 'config.yaml')
  await writeFile(file, yaml)
  return loadServerConfig(file)
}

const SERVED = ['serve', LLAMA_2, '--served-model-name', LLAMA_2]

describe('quick start', () => {
  it('starts a vLLM server, and stops it', async () => {
    const server = new VLLMServer(here({ model: LLAMA_2, outputDir: './server_logs', port: 8000 }))
    expect(await startedWith(server)).toEqual(SERVED)
    await server.stop()
    expect(server.state).toBe('stopped')
  })

  it('has the server as a context', async () => {
    const server = new VLLMServer(here({ model: LLAMA_2, port: 8000 }))
    {
      await using context = await server.start()
      expect(context.listEndpoints()).toMatchObject({ health: `http://127.0.0.1:${port}/health` })
    }
    expect(server.state).toBe('stopped')
  })

  it('makes a server of the backend that is named', async () => {
    for (const backend of ['vllm', 'sglang'] as const) {
      const server = createServer(here({ backend, model: LLAMA_2, port: 8000 }))
      await server.start()
      expect(server.backendName()).toBe(backend)
      await server.stop()
    }
  })

  it('starts from a file', async () => {
    const file = join(directory, 'config.yaml')
    const logs = join(directory, 'server_logs')
    await writeFile(
      file,
      `backend: vllm\nmodel: ${LLAMA_2}\nport: ${port}\noutput_dir: ${logs}\nenv_vars:\n  PATH: "${path}"\n`,
    )
    const server = await startServerFromConfig(file)
    servers.push(server)
    expect(server.state).toBe('ready')
    await server.stop()
  })
})

describe('a YAML configuration', () => {
  it('has variables, arguments and a profiler', async () => {
    const config = await load(`\
backend: vllm
model: meta-llama/Llama-2-7b-hf
port: 8000
output_dir: ./server_logs

env_vars:
  CUDA_VISIBLE_DEVICES: "0"
  OMP_NUM_THREADS: "16"

config:
  api_server_args:
    - --tensor-parallel-size
    - "1"

profile:
  enabled: true
  tool: nsys
  output_dir: ./profiles
  args:
    - --trace=cuda,nvtx
`)
    expect(config).toMatchObject({
      ...{ backend: 'vllm', port: 8000, outputDir: './server_logs' },
      envVars: { CUDA_VISIBLE_DEVICES: '0', OMP_NUM_THREADS: '16' },
      profile: { enabled: true, tool: 'nsys', outputDir: './profiles', args: ['--trace=cuda,nvtx'] },
    })
    const server = createServer(here(config))
    expect((await startedWith(server)).join(' ')).toMatch(
      /^profile --output=.* vllm serve .* --tensor-parallel-size 1$/,
    )
    const [, ...environ] = (await readFile(`/proc/${server.pid}/environ`, 'latin1')).split('\0')
    expect(environ).toEqual(expect.arrayContaining(['CUDA_VISIBLE_DEVICES=0', 'OMP_NUM_THREADS=16']))
    expect(await readFile(`/proc/${server.pid}/cmdline`, 'latin1')).toContain('nsys\0profile\0')
  })

  it('has arguments as a list, of which the one that vLLM no longer knows is left out', async () => {
    const config = await load(`\
backend: vllm
model: meta-llama/Llama-2-7b-hf
port: 8000

config:
  api_server_args:
    - --tensor-parallel-size
    - "4"
    - --gpu-memory-utilization
    - "0.9"
    - --max-model-len
    - "8192"
    - --trust-remote-code
    - --disable-log-requests
`)
    expect(await startedWith(createServer(here(config)))).toEqual([
      ...SERVED,
      ...['--tensor-parallel-size', '4', '--gpu-memory-utilization', '0.9', '--max-model-len', '8192'],
      '--trust-remote-code',
    ])
    const log = await readFile(join(directory, 'server_logs', `vllm-${port}.log`), 'utf8')
    expect(log).toContain('--disable-log-requests is left out')
  })

  it('has arguments as a map, in which a map of its own is refused where vLLM takes a word', async () => {
    const loaded = load(`\
backend: vllm
model: openai/gpt-oss-120b
port: 8000

config:
  api_server_args:
    tensor-parallel-size: "4"
    gpu-memory-utilization: 0.9
    max-model-len: 8192
    trust-remote-code: true          # Flag (true = include flag)
    disable-log-requests: true       # Flag (true = include flag)
    kv-cache-dtype:                  # Dictionary value (will be JSON encoded)
      auto: "fp8"

# For SGLang, use server_args:
# config:
#   server_args:
#     - --tp
#     - "4"
#     - --context-length
#     - "8192"
`)
    await expect(loaded).rejects.toThrow(
      /^\S*config\.yaml:13:7: Cannot use config\.api_server_args\.kv-cache-dtype: --kv-cache-dtype takes one word, and this is a map; write auto, /,
    )
  })

  it.each<[string, string, string]>([
    // Which YAML takes for two arguments.
    ['nsys', 'args: [--trace=cuda,nvtx]', 'nsys profile --output=.* --trace=cuda,nvtx vllm serve '],
    ['pytorch', '', 'vllm.ts serve .* --profiler-config {"profiler":"torch","torch_profiler_dir":"/'],
    ['amd', 'args: [--stats]', 'rocprof -o .*\\.csv --stats vllm serve '],
  ])('has a profile by %s', async (tool, args, commandLine) => {
    const config = await load(
      `backend: vllm\nmodel: ${LLAMA_2}\nprofile:\n  enabled: true\n  tool: ${tool}\n  output_dir: ./profiles\n  ${args}\n`,
    )
    const server = createServer(here({ ...config, envVars: { STAND_IN_VERSION: '0.13.0' } }))
    servers.push(server)
    await server.start()
    expect((await readCommandLine(server.pid ?? 0)).join(' ')).toMatch(new RegExp(commandLine))
    await server.stop()
    const files = await readdir(join(directory, 'profiles'))
    expect(files.length).toBe(tool === 'pytorch' ? 0 : 1)
  })
})

describe('arguments', () => {
  const list = [
    ...['--tensor-parallel-size', '4', '--pipeline-parallel-size', '1', '--gpu-memory-utilization', '0.9'],
    ...['--max-model-len', '8192', '--max-num-seqs', '512', '--max-num-batched-tokens', '8192'],
    ...['--dtype', 'bfloat16', '--trust-remote-code', '--disable-log-requests'],
  ]

  it('are a list for vLLM', async () => {
    const options = { model: LLAMA_2, port: 8000, config: { apiServerArgs: list } }
    expect(await startedWith(new VLLMServer(here(options)))).toEqual([...SERVED, ...list.slice(0, -1)])
  })

  it('are passed as they are to a vLLM that knows them', async () => {
    const options = { model: LLAMA_2, config: { apiServerArgs: list }, envVars: { STAND_IN_VERSION: '0.9.2' } }
    expect(await startedWith(new VLLMServer(here(options)))).toEqual([...SERVED, ...list])
  })

  it('are refused as a map that has one of them twice, and a map where vLLM takes a word', () => {
    const options = {
      model: 'openai/gpt-oss-120b',
      port: 8000,
      envVars: { CUDA_VISIBLE_DEVICES: '0,1,2,3' },
      config: {
        apiServerArgs: {
          '--tensor-parallel-size': '4',
          'tensor-parallel-size': '4',
          'gpu-memory-utilization': 0.9,
          'max-model-len': 8192,
          'trust-remote-code': true,
          'disable-log-requests': true,
          'kv-cache-dtype': { auto: 'fp8' },
        },
      },
    }
    expect(() => new VLLMServer(options)).toThrow(
      /tensor-parallel-size: it is --tensor-parallel-size, as --tensor-parallel-size above; leave one of the two out\n.*kv-cache-dtype takes one word/,
    )
  })

  it('may bring their dashes in a map, in which a map is refused all the same', async () => {
    const right = { '--tensor-parallel-size': '4', '--gpu-memory-utilization': '0.9', '--trust-remote-code': true }
    const options = (apiServerArgs: ServerOptions['config']) => ({ model: LLAMA_2, port: 8000, config: apiServerArgs })
    const wrong = { ...right, '--kv-cache-dtype': { auto: 'fp8' } }
    expect(() => new VLLMServer(options({ apiServerArgs: wrong }))).toThrow(/--kv-cache-dtype takes one word/)
    expect(await startedWith(new VLLMServer(here(options({ apiServerArgs: right }))))).toEqual([
      ...SERVED,
      ...['--tensor-parallel-size', '4', '--gpu-memory-utilization', '0.9', '--trust-remote-code'],
    ])
  })

  it('are a list for SGLang', async () => {
    const serverArgs = ['--tp', '4', '--context-length', '8192', '--mem-fraction-static', '0.9']
    const server = new SGLangServer(here({ model: LLAMA_2, port: 8000, config: { serverArgs } }))
    expect(await startedWith(server)).toEqual([
      ...['-m', 'sglang.launch_server', '--model-path', LLAMA_2, '--enable-metrics', '--served-model-name', LLAMA_2],
      ...serverArgs,
    ])
  })

  it('of SGLang that the seed lists and SGLang does not have are refused', () => {
    const config = { serverArgs: ['--mem-fraction-reserved', '0.1'] }
    expect(() => new SGLangServer({ model: LLAMA_2, config })).toThrow(
      /--mem-fraction-reserved is not an argument of SGLang; write mem-fraction-static/,
    )
  })

  it('of a request go to the running server', async () => {
    for (const server of [new VLLMServer(here({ model: LLAMA_2 })), new SGLangServer(here({ model: LLAMA_2 }))]) {
      await using running = await server.start()
      const response = await fetch(`${running.url}/v1/completions`, {
        method: 'POST',
        body: JSON.stringify({
          model: LLAMA_2,
          prompt: 'Hello, world!',
          max_tokens: 128,
          temperature: 0,
          stream: false,
        }),
      })
      expect(await response.json()).toMatchObject({ choices: [{ text: expect.any(String) }] })
    }
  })
})

describe('debug mode', () => {
  it('verifies four workers of a tensor parallel server', async () => {
    const server = new VLLMServer(
      here({
        model: LLAMA_2,
        port: 8000,
        debugMode: true,
        envVars: { CUDA_VISIBLE_DEVICES: '0,1,2,3' },
        config: { apiServerArgs: ['--tensor-parallel-size', '4'] },
      }),
    )
    await server.start()
    const report = await server.stop()
    expect(report?.observed).toBeGreaterThanOrEqual(6) // the server, VLLM::EngineCore, and a VLLM::Worker_TP for each GPU
    expect(report).toMatchObject({ killed: [], left: [] })
  })
})

describe('a backend of its own', () => {
  class MyBackendServer extends InferenceServer {
    override backendName() {
      return 'mybackend'
    }
    override launchCommand() {
      return ['my-backend-binary', '--model', this.model, '--host', this.host, '--port', String(this.port)]
    }
    override healthEndpoint() {
      return `${this.url}/health`
    }
    override listEndpoints() {
      return { health: `${this.url}/health`, api: `${this.url}/api` }
    }
  }

  it('starts with its own arguments, and lists its own endpoints', async () => {
    const server = new MyBackendServer(here({ model: 'm' }))
    expect(await startedWith(server)).toEqual(['--model', 'm'])
    expect(server.listEndpoints()).toEqual({
      health: `http://127.0.0.1:${port}/health`,
      api: `http://127.0.0.1:${port}/api`,
    })
    await server.stop()
  })
})
