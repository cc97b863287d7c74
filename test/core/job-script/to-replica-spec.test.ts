import { expect, it } from 'vitest'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { exampleConfig, withFastTier } from '../../support/example-site.ts'

const spec = {
  version: 1,
  site: 'beefcake2',
  shared: '/cluster/shared/ai',
  tier: 'fast',
  engine: 'llama.cpp',
  command: 'llama-server',
  args: [],
  env: {},
  router: { modelsDir: '/scratch/ai/models', modelsMax: 2, preload: ['strand-rust-coder-14b-q8_0'] },
  networks: ['10.0.0.0/24'],
  beatSeconds: 5,
  loadTimeoutSeconds: 900,
  signalLeadSeconds: 120,
}

it('freezes what a replica of the example must run', async () => {
  expect(toReplicaSpec(await exampleConfig(), 'fast')).toEqual(spec)
})

it('freezes a single model with all that may be said of it', async () => {
  const { router: _, ...rest } = spec
  const model = { name: 'OR1-Behemoth', file: '/scratch/ai/models/or1.gguf' }
  const args = { batch_size: 512, mlock: true, verbose: false }
  const config = await withFastTier(
    {
      router: undefined,
      model,
      context: 131_072,
      port: 8080,
      args,
      env: { GGML_RPC_DEBUG: '1' },
      command: '/opt/llama',
    },
    { signalLeadSeconds: 60 },
  )
  expect(toReplicaSpec(config, 'fast')).toEqual({
    ...rest,
    command: '/opt/llama',
    args: ['--batch-size', '512', '--mlock'],
    env: { GGML_RPC_DEBUG: '1' },
    model,
    context: 131_072,
    port: 8080,
    signalLeadSeconds: 60,
  })
})

it('names the tiers when there is no such one', async () => {
  const config = await exampleConfig()
  expect(() => toReplicaSpec(config, 'fats')).toThrow('Cannot find tier "fats": did you mean "fast"')
})

it.each([
  ['vllm', {}, { tensorParallel: 2, endpoints: 4 }],
  ['vllm', { data_parallel_size: 4 }, { tensorParallel: 2, gpusEach: 8, endpoints: 1 }],
  ['vllm', ['-pp', 2], { tensorParallel: 2, gpusEach: 4, endpoints: 2 }],
  ['sglang', ['--pp-size=2', { 'dp-size': 2 }], { tensorParallel: 2, gpusEach: 8, endpoints: 1 }],
  ['sglang', { 'dp-size': 2, 'enable-dp-attention': true }, { tensorParallel: 2, endpoints: 4 }],
  ['llama.cpp', { 'data-parallel-size': 2 }, { tensorParallel: 2, endpoints: 4 }],
] as const)('an endpoint of %s with %j has the GPUs of all its parts', async (engine, args, expected) => {
  const config = await withFastTier({ engine, args: args as never, tensorParallel: 2 }, { gpus: 'a100:8' })
  const { tensorParallel, gpusEach, endpoints } = toReplicaSpec(config, 'fast')
  expect({ tensorParallel, ...(gpusEach === undefined ? {} : { gpusEach }), endpoints }).toEqual(expected)
})
