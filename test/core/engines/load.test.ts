import { describe, expect, it } from 'vitest'
import { UNKNOWN_LOAD } from '../../../src/core/domain/load.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

const custom = {
  ...{ args: [], healthPath: '/', serves: [] },
  metrics: { path: '/metrics', running: 'busy', kv: 'cache_share' },
}
const read = (engine: EngineName, lines: readonly string[]) =>
  ENGINES[engine].readLoad({ ...spec, custom }, lines.join('\n'))

describe('load', () => {
  it.each<[string, EngineName, readonly string[], Partial<typeof UNKNOWN_LOAD>]>([
    [
      'vLLM, by exact names',
      'vllm',
      [
        '# HELP vllm:num_requests_running Number of requests in model execution batches.',
        '# TYPE vllm:num_requests_running gauge',
        'vllm:num_requests_running{engine="0",model_name="a"} 37.0',
        'vllm:num_requests_waiting{engine="0",model_name="a"} 12.0',
        'vllm:num_requests_waiting_by_reason{engine="0",model_name="a",reason="capacity"} 9.0',
        'vllm:kv_cache_usage_perc{engine="0",model_name="a"} 0.25',
        'vllm:prefix_cache_queries_total{engine="0",model_name="a"} 2e+03',
        'vllm:prefix_cache_hits_total{engine="0",model_name="a"} 500.0',
        'vllm:prefix_cache_hits_created{engine="0",model_name="a"} 1.7e+09',
      ],
      { running: 37, waiting: 12, kv: 0.25, prefixHits: 0.25 },
    ],
    [
      'vLLM of before 2025-11',
      'vllm',
      [
        'vllm:num_requests_running{model_name="a"} 1.0',
        'vllm:gpu_cache_usage_perc{model_name="a"} 0.5',
        'vllm:gpu_prefix_cache_queries_total{model_name="a"} 10.0',
        'vllm:gpu_prefix_cache_hits_total{model_name="a"} 1.0',
      ],
      { running: 1, kv: 0.5, prefixHits: 0.1 },
    ],
    [
      'vLLM with ranks of data parallelism: requests add up, shares are their mean',
      'vllm',
      [
        'vllm:num_requests_running{engine="0"} 1.0',
        'vllm:num_requests_running{engine="1"} 2.0',
        'vllm:kv_cache_usage_perc{engine="0"} 0.2',
        'vllm:kv_cache_usage_perc{engine="1"} 0.6',
        'vllm:gpu_cache_usage_perc{engine="0"} 0.9',
      ],
      { running: 3, kv: 0.4 },
    ],
    [
      'vLLM that has answered nobody yet',
      'vllm',
      ['vllm:num_requests_running 0', 'vllm:prefix_cache_queries_total 0', 'vllm:prefix_cache_hits_total 0'],
      { running: 0 },
    ],
    [
      'SGLang: priorities are parts, and other tensor ranks copies',
      'sglang',
      [
        'sglang:num_running_reqs{model_name="a",tp_rank="0",dp_rank="0",priority=""} 3.0',
        'sglang:num_running_reqs{model_name="a",tp_rank="0",dp_rank="0",priority="1"} 2.0',
        'sglang:num_running_reqs{model_name="a",tp_rank="1",dp_rank="0",priority=""} 3.0',
        'sglang:num_running_reqs{model_name="a",tp_rank="1",dp_rank="1",priority=""} 4.0',
        'sglang:num_queue_reqs{model_name="a",tp_rank="0"} 5.0',
        'sglang:token_usage{model_name="a",tp_rank="0"} 0.75',
        'sglang:cache_hit_rate{model_name="a",tp_rank="0"} 0.5',
      ],
      { running: 7, waiting: 5, kv: 0.75, prefixHits: 0.5 },
    ],
    ['TEI', 'tei', ['# TYPE te_queue_size gauge', 'te_queue_size 4'], { waiting: 4 }],
    [
      'llama.cpp: models of a router, one after the other',
      'llama.cpp',
      [
        'llamacpp:requests_processing 1',
        'llamacpp:requests_deferred 0',
        'llamacpp:prompt_tokens_total 300',
        'llamacpp:prompt_tokens_cached_total 100',
        'llamacpp:requests_processing 2',
        'llamacpp:requests_deferred 3',
      ],
      { running: 3, waiting: 3, prefixHits: 0.25 },
    ],
    ['a custom engine', 'custom', ['busy{worker="a}b"} 2', 'cache_share 0.5', 'waiting 3'], { running: 2, kv: 0.5 }],
    ['numbers that are none', 'vllm', ['vllm:num_requests_running NaN', 'vllm:num_requests_waiting -1'], {}],
    [
      'labels with quotes and spaces',
      'vllm',
      ['vllm:num_requests_running{model_name="a \\"b\\" 7"} 2'],
      { running: 2 },
    ],
    ['something else', 'sglang', ['<html>'], {}],
  ])('of %s is what the metrics say', (_, engine, lines, load) => {
    const found = read(engine, lines)
    expect({ ...found, kv: found.kv === null ? null : Math.round(found.kv * 1e6) / 1e6 }).toEqual({
      ...UNKNOWN_LOAD,
      ...load,
    })
  })

  it('is asked of a router by model, of loaded ones only, and so that none is loaded for it', () => {
    const { metrics } = ENGINES['llama.cpp'].paths({
      ...spec,
      router: { modelsDir: '/m', modelsMax: 2, preload: [] },
    })
    const entry = (id: string, value: string) => ({ id, status: { value } })
    const models = { data: [entry('a/b', 'loaded'), entry('c', 'unloaded'), entry('d', 'loading')] }
    expect(typeof metrics === 'function' && metrics(JSON.stringify(models))).toEqual([
      '/metrics?model=a%2Fb&autoload=false',
    ])
  })
})

describe('metrics without end', () => {
  it('come out in time that grows with their number', () => {
    const lines = Array.from({ length: 200_000 }, (_, index) => `vllm:num_requests_running{engine="${index}"} 1`)
    expect(read('vllm', lines)).toEqual({ ...UNKNOWN_LOAD, running: 200_000 })
  })

  it.each([
    ['spaces', `vllm:num_requests_running${' '.repeat(4_000_000)}`],
    ['a word among the labels', `vllm:num_requests_running{${'a'.repeat(4_000_000)}} 1`],
    ['a text that does not close', `vllm:num_requests_running{a="${'\\"'.repeat(2_000_000)}} 1`],
  ])('hold nothing up by %s in one line', (_, line) => {
    expect(read('vllm', [line, 'vllm:num_requests_waiting 2'])).toEqual({ ...UNKNOWN_LOAD, waiting: 2 })
  })

  it('of a llama.cpp router are asked for under any name of a model', () => {
    const models = JSON.stringify({ data: [{ id: '\ud800', status: { value: 'loaded' } }] })
    const { metrics } = ENGINES['llama.cpp'].paths({
      ...spec,
      router: { modelsDir: '/models', modelsMax: 1, preload: [] },
    })
    expect(typeof metrics === 'function' && metrics(models)).toEqual(['/metrics?model=%EF%BF%BD&autoload=false'])
  })
})
