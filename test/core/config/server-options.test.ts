import { describe, expect, it } from 'vitest'
import { parseServerConfig } from '../../../src/core/config/parse-server-config.ts'
import { readServerConfig, readServerOptions } from '../../../src/core/config/server-options.ts'

const MODEL = { model: 'meta-llama/Llama-2-7b-hf' }
const DEFAULTS = {
  ...MODEL,
  outputDir: './server_logs',
  host: '127.0.0.1',
  port: 8000,
  heartbeatInterval: 5,
  heartbeatTimeout: 30,
  startupTimeout: 600,
  envVars: {},
  args: [],
  debugMode: false,
  profile: undefined,
  command: undefined,
}

const settings = (value: unknown) => readServerOptions(value, { engine: 'vllm', spelling: 'camelCase' }).settings
const problems = (value: unknown) =>
  readServerOptions(value, { engine: 'vllm', spelling: 'camelCase' }).findings.map(
    ({ message, fix }) => `${message}; ${fix}`,
  )

describe('options', () => {
  it('have the defaults of the seed', () => {
    expect(settings(MODEL)).toEqual(DEFAULTS)
  })

  it('are the same in either spelling', () => {
    const profile = { enabled: true, tool: 'amd', args: ['--stats'] }
    const camel = { heartbeatInterval: 1, envVars: { A_b: 'c' }, profile: { ...profile, outputDir: '/p' } }
    const snake = { heartbeat_interval: 1, env_vars: { A_b: 'c' }, profile: { ...profile, output_dir: '/p' } }
    expect(settings({ ...MODEL, ...snake })).toEqual(settings({ ...MODEL, ...camel }))
    expect(settings({ ...MODEL, ...camel })).toEqual({
      ...DEFAULTS,
      heartbeatInterval: 1,
      envVars: { A_b: 'c' },
      profile: { tool: 'amd', args: ['--stats'], outputDir: '/p' },
    })
  })

  it('take arguments as a list, as a map, and as a list with maps', () => {
    const args = (given: unknown) => settings({ ...MODEL, config: { api_server_args: given } })?.args
    expect(args(['--dtype', 'half', '--trust-remote-code'])).toEqual(['--dtype', 'half', '--trust-remote-code'])
    expect(args({ max_num_seqs: 512, '--trust-remote-code': true, x: false })).toEqual([
      '--max-num-seqs',
      '512',
      '--trust-remote-code',
    ])
    expect(args(['--dtype', 'half', { 'hf-overrides': { rope: 2 } }])).toEqual([
      '--dtype',
      'half',
      '--hf-overrides',
      '{"rope":2}',
    ])
  })

  it('have the arguments of a profiler as they were meant where a comma has cut one', () => {
    const args = (given: string[]) => settings({ ...MODEL, profile: { enabled: true, args: given } })?.profile?.args
    expect(args(['--trace=cuda', 'nvtx', 'osrt', '-o', 'x'])).toEqual(['--trace=cuda,nvtx,osrt', '-o', 'x'])
    expect(args(['--pmc', 'A', 'B'])).toEqual(['--pmc', 'A', 'B'])
  })

  it('have no profile that is not enabled', () => {
    expect(settings({ ...MODEL, profile: { tool: 'nsys' } })?.profile).toBeUndefined()
  })
})

it.each<[string, Record<string, unknown>, string[]]>([
  [
    'no model',
    { model: undefined },
    ['Cannot use the configuration: key "model" is missing; add model, such as meta-llama/Llama-2-7b-hf'],
  ],
  [
    'a key that is none, as it was written',
    { heartbeat_intervall: 5 },
    ['Cannot use heartbeat_intervall: there is no such key here; did you mean "heartbeatInterval"'],
  ],
  [
    'a value of another type',
    { heartbeat_timeout: '30' },
    ['Cannot use heartbeat_timeout: it is text "30"; write 30 without quotes'],
  ],
  [
    'a value twice',
    { debugMode: true, debug_mode: true },
    ['Cannot use debugMode: there is no such key here; did you mean "debug_mode"'],
  ],
  [
    'a profiler that is none',
    { profile: { enabled: true, tool: 'perf' } },
    ['Cannot use profile.tool: "perf"; choose "nsys", "pytorch" or "amd"'],
  ],
  [
    'arguments twice',
    { config: { apiServerArgs: [], serverArgs: [] } },
    ['Cannot use config.serverArgs: apiServerArgs has arguments too; leave one of the two out'],
  ],
  [
    'a port in arguments',
    { config: { serverArgs: ['--port', '80'] } },
    ['Cannot use config.serverArgs[0]: --port is set by Sluice; write port in the options'],
  ],
  [
    'a key in arguments',
    { config: { serverArgs: { api_key: 'x' } } },
    [
      'Cannot use config.serverArgs.api_key: --api-key would show a secret to every account on the machine; write VLLM_API_KEY in env_vars',
    ],
  ],
  [
    "another engine's flag",
    { config: { serverArgs: { context_length: 8192 } } },
    ['Cannot use config.serverArgs.context_length: --context-length is not an argument of vLLM; write max-model-len'],
  ],
])('options with %s are refused', (_, more, found) => {
  expect(problems({ ...MODEL, ...more })).toEqual(found)
})

it('a variable is not shown when it is wrong', () => {
  expect(problems({ ...MODEL, envVars: { API_TOKEN: { secret: 'hunter2' } } }).join()).not.toContain('hunter2')
})

describe('a file', () => {
  it('has every problem with its line', () => {
    const text = 'backend: vlm\nmodel: m\nheartbeat_interval: soon\nprofile:\n  output_dirr: x\n'
    expect(parseServerConfig(text, 's.yaml').problems).toEqual([
      { file: 's.yaml', line: 1, column: 10, message: 'Cannot use backend: "vlm"', fix: 'did you mean "vllm"' },
      {
        ...{ file: 's.yaml', line: 3, column: 21, message: 'Cannot use heartbeat_interval: it is text "soon"' },
        fix: 'write a number above 0 to 86400',
      },
      {
        ...{ file: 's.yaml', line: 5, column: 3, message: 'Cannot use profile.output_dirr: there is no such key here' },
        fix: 'did you mean "output_dir"',
      },
    ])
  })

  it('keeps the digits of arguments and variables', () => {
    const text =
      'backend: vllm\nmodel: m\nenv_vars:\n  N: 016\nconfig:\n  api_server_args:\n    gpu-memory-utilization: 0.90\n'
    expect(parseServerConfig(text, 's.yaml').config).toMatchObject({
      envVars: { N: '016' },
      config: { apiServerArgs: { 'gpu-memory-utilization': '0.90' } },
    })
  })

  it('that is empty, or no YAML, says so', () => {
    expect(parseServerConfig('', 's.yaml').problems).toEqual([
      { file: 's.yaml', message: 'Cannot use the configuration: it is empty', fix: 'write backend and model' },
    ])
    expect(parseServerConfig('a: [', 's.yaml').problems.length).toBe(1)
  })
})

it('a backend that is none is refused with what there is', () => {
  expect(readServerConfig({ ...MODEL, backend: 'ollama' }, { spelling: 'camelCase' }).findings).toMatchObject([
    { message: 'Cannot use backend: "ollama"', fix: 'choose "vllm", "sglang", "llama.cpp" or "tei"' },
  ])
})
