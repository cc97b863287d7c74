import { expect, it } from 'vitest'
import { traceDirectory } from '../../../src/core/engines/trace-directory.ts'

it.each<[string, string[], Record<string, string>, string | undefined]>([
  ['a map of sluice.yaml', ['--profiler-config', '{"profiler":"torch","torch_profiler_dir":"/t"}'], {}, '/t'],
  ['a dotted flag', ['--profiler_config.torch_profiler_dir', '/t'], {}, '/t'],
  ['one word', ['--seed=1', '--profiler-config={"torch_profiler_dir":"/t"}'], {}, '/t'],
  ['the variable of older ones', [], { VLLM_TORCH_PROFILER_DIR: '/t' }, '/t'],
  ['the profiler of CUDA, which nsys reads', ['--profiler-config', '{"profiler":"cuda"}'], {}, undefined],
  ['no JSON', ['--profiler-config', 'torch'], {}, undefined],
  ['no profiler', ['--seed', '1'], {}, undefined],
])('knows where vLLM writes by %s', (_what, args, env, directory) => {
  expect(traceDirectory(args, env)).toBe(directory)
})
