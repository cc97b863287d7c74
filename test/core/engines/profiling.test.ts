import { describe, expect, it } from 'vitest'
import { type Profile, type Profiled, profileRequests, withProfiler } from '../../../src/core/engines/profiling.ts'

const SERVE = { command: 'vllm', argv: ['serve', 'm', '--port', '8000'], env: { PATH: '/bin' } }
const SGLANG = { command: 'python3', argv: ['-m', 'sglang.launch_server', '--model-path', 'm'], env: {} }
const nsys = (args: string[] = []): Profile => ({ tool: 'nsys', directory: '/p', args })
const amd = (args: string[] = []): Profile => ({ tool: 'amd', directory: '/p', args })
const PYTORCH: Profile = { tool: 'pytorch', directory: '/p', args: [] }
const vllm: Profiled = { engine: 'vllm', name: 'vllm-8000' }

/** The words of a command line, and what the environment got. */
function line(launch: Parameters<typeof withProfiler>[0], profile: Profile, profiled: Profiled): string[] {
  const { command, argv, env } = withProfiler(launch, profile, profiled)
  const added = Object.entries(env).filter(([name]) => !(name in launch.env))
  return [...added.map(([name, value]) => `${name}=${value}`), command, ...argv]
}

const NSYS = ['nsys', 'profile', '--output=/p/vllm-8000', '--trace-fork-before-exec=true', '--cuda-graph-trace=node']
const SPAWN = 'VLLM_WORKER_MULTIPROC_METHOD=spawn'
const SERVED = ['vllm', 'serve', 'm', '--port', '8000']

it.each<[string, string[], string[]]>([
  [
    'nsys starts vLLM, and follows what it spawns',
    line(SERVE, nsys(['--trace=cuda,nvtx']), vllm),
    [SPAWN, ...NSYS, '--trace=cuda,nvtx', ...SERVED],
  ],
  [
    'with a capture range, vLLM is told to mark it',
    line(SERVE, nsys(['--capture-range=cudaProfilerApi']), { ...vllm, version: '0.13.0' }),
    [
      ...[SPAWN, ...NSYS, '--capture-range-end=repeat', '--capture-range=cudaProfilerApi', ...SERVED],
      ...['--profiler-config.profiler', 'cuda'],
    ],
  ],
  [
    'a vLLM from before 0.13 is not told what it would not understand',
    line(SERVE, nsys(['--capture-range=cudaProfilerApi']), { ...vllm, version: '0.12.0' }),
    [SPAWN, ...NSYS, '--capture-range-end=repeat', '--capture-range=cudaProfilerApi', ...SERVED],
  ],
  [
    'what the user says of nsys is not said twice',
    line(SGLANG, nsys(['--cuda-graph-trace=graph', '-o', '/x', '--trace-fork-before-exec=false']), {
      engine: 'sglang',
      name: 's',
    }),
    [
      ...['nsys', 'profile', '--cuda-graph-trace=graph', '-o', '/x', '--trace-fork-before-exec=false'],
      ...['python3', '-m', 'sglang.launch_server', '--model-path', 'm'],
    ],
  ],
  [
    'rocprof takes the command as its last arguments',
    line(SERVE, amd(['--stats']), vllm),
    ['rocprof', '-o', '/p/vllm-8000.csv', '--stats', ...SERVED],
  ],
  [
    'rocprofv3 has statistics of what it traces, and wants two dashes',
    line(SERVE, amd(['--stats']), { ...vllm, rocprof: 'rocprofv3' }),
    ['rocprofv3', '-d', '/p', '-o', 'vllm-8000-%pid%', '--kernel-trace', '--stats', '--', ...SERVED],
  ],
  [
    'rocprofv3 traces what the user chose',
    line(SERVE, amd(['--stats', '--sys-trace']), { ...vllm, rocprof: 'rocprofv3' }),
    ['rocprofv3', '-d', '/p', '-o', 'vllm-8000-%pid%', '--stats', '--sys-trace', '--', ...SERVED],
  ],
  [
    'vLLM has its PyTorch profiler by a flag since 0.13',
    line(SERVE, PYTORCH, { ...vllm, version: '0.13.0' }),
    [...SERVED, '--profiler-config', '{"profiler":"torch","torch_profiler_dir":"/p"}'],
  ],
  [
    'and by a variable before',
    line(SERVE, PYTORCH, { ...vllm, version: 'vllm 0.12.0+cu129' }),
    ['VLLM_TORCH_PROFILER_DIR=/p', ...SERVED],
  ],
  [
    'a vLLM that does not say its version is a new one',
    line(SERVE, PYTORCH, vllm),
    [...SERVED, '--profiler-config', '{"profiler":"torch","torch_profiler_dir":"/p"}'],
  ],
  [
    'SGLang has it by a variable',
    line(SGLANG, PYTORCH, { engine: 'sglang', name: 's' }),
    ['SGLANG_TORCH_PROFILER_DIR=/p', 'python3', '-m', 'sglang.launch_server', '--model-path', 'm'],
  ],
])('%s', (_, found, right) => {
  expect(found).toEqual(right)
})

describe('PyTorch', () => {
  it('is no profiler of engines that do not run on it', () => {
    expect(() => withProfiler(SERVE, PYTORCH, { engine: 'llama.cpp', name: 'l' })).toThrow(
      "Cannot profile llama.cpp with pytorch: it does not have PyTorch's profiler; use nsys or amd",
    )
  })

  it('takes no arguments', () => {
    expect(() => withProfiler(SERVE, { ...PYTORCH, args: ['--trace=cuda'] }, vllm)).toThrow(
      'Cannot profile vllm with pytorch: it takes no arguments, such as "--trace=cuda"; leave args out',
    )
  })
})

it('a variable that is set already stays', () => {
  const set = { ...SERVE, env: { VLLM_WORKER_MULTIPROC_METHOD: 'fork' } }
  expect(withProfiler(set, nsys(), vllm).env).toEqual({ VLLM_WORKER_MULTIPROC_METHOD: 'fork' })
})

it('running engines are told to begin and to end a profile', () => {
  const stop = { method: 'POST', path: '/stop_profile' }
  expect(profileRequests('vllm')).toEqual({ start: { method: 'POST', path: '/start_profile' }, stop })
  expect(profileRequests('sglang', { directory: '/p' })).toEqual({
    start: { method: 'POST', path: '/start_profile', json: { output_dir: '/p', activities: ['CPU', 'GPU'] } },
    stop,
  })
  expect(profileRequests('sglang', { tool: 'nsys' })?.start.json).toEqual({ activities: ['CUDA_PROFILER'] })
  expect(profileRequests('llama.cpp')).toBeUndefined()
  expect(profileRequests('tei')).toBeUndefined()
})
