import { describe, expect, it } from 'vitest'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

const at = { address: '10.0.0.12', port: 40_000, sockets: '/scratch/sockets' }
const model = { name: 'llama', file: '/models/llama' }
const words = (text: string) => text.split(' ')

describe('what an engine is told', () => {
  it.each<[string, EngineName, Partial<ReplicaSpec>, string]>([
    [
      'vLLM',
      'vllm',
      { command: 'vllm', model, tensorParallel: 4, context: 8_192, args: ['--max-num-seqs', '512'] },
      'serve /models/llama --host 10.0.0.12 --port 40000 --served-model-name llama --tensor-parallel-size 4 --max-model-len 8192 --max-num-seqs 512',
    ],
    [
      'vLLM, with an id of Hugging Face',
      'vllm',
      { model: { name: 'llama', id: 'meta/Llama' } },
      'serve meta/Llama --host 10.0.0.12 --port 40000 --served-model-name llama',
    ],
    [
      'SGLang',
      'sglang',
      { command: 'python3', model, tensorParallel: 2, context: 8_192, args: ['--mem-fraction-static', '0.9'] },
      '-m sglang.launch_server --model-path /models/llama --host 10.0.0.12 --port 40000 --enable-metrics --served-model-name llama --tp-size 2 --context-length 8192 --mem-fraction-static 0.9',
    ],
    [
      'SGLang by its own program',
      'sglang',
      { command: '/opt/venv/bin/sglang', model },
      'serve --model-path /models/llama --host 10.0.0.12 --port 40000 --enable-metrics --served-model-name llama',
    ],
    [
      'TEI',
      'tei',
      { model, args: ['--max-batch-tokens', '16384'] },
      '--model-id /models/llama --hostname 10.0.0.12 --port 40000 --served-model-name llama --prometheus-port 0 --uds-path /scratch/sockets/tei.sock --max-batch-tokens 16384',
    ],
    [
      'a custom engine',
      'custom',
      {
        model,
        custom: {
          args: ['--listen={address}:{port}', '--model', '{model}', '--as', '{name}', '{"port": {port}}', '{other}'],
          ...{ healthPath: '/', serves: [] },
        },
      },
      '--listen=10.0.0.12:40000 --model /models/llama --as llama {"port": 40000} {other}',
    ],
  ])('%s', (_, engine, change, argv) => {
    expect(ENGINES[engine].argv({ ...spec, ...change }, at).join(' ')).toBe(argv)
  })

  it('TEI, where its socket has no room in an address', () => {
    const argv = (length: number) => ENGINES.tei.argv({ ...spec, model }, { ...at, sockets: '/'.padEnd(length, 's') })
    expect(argv(98)).toContain(`${'/'.padEnd(98, 's')}/tei.sock`)
    expect(() => argv(99)).toThrow('has 108 bytes, and Linux takes 107; choose a shorter TMPDIR for the job')
  })

  it.each<[EngineName, number, string]>([
    [
      'vllm',
      0,
      'serve /models/llama --host 10.0.0.12 --port 40000 --served-model-name llama --tensor-parallel-size 8 --pipeline-parallel-size 2 --nnodes 2 --node-rank 0 --master-addr 10.0.0.12 --master-port 41000 --max-num-seqs 512',
    ],
    [
      'vllm',
      1,
      'serve /models/llama --host 10.0.0.12 --port 40000 --served-model-name llama --tensor-parallel-size 8 --pipeline-parallel-size 2 --nnodes 2 --node-rank 1 --master-addr 10.0.0.12 --master-port 41000 --headless --max-num-seqs 512',
    ],
    [
      'sglang',
      1,
      '-m sglang.launch_server --model-path /models/llama --host 10.0.0.12 --port 40000 --enable-metrics --served-model-name llama --tp-size 8 --pp-size 2 --nnodes 2 --node-rank 1 --dist-init-addr 10.0.0.12:41000 --max-num-seqs 512',
    ],
  ])('%s over two nodes, rank %i', (engine, rank, argv) => {
    const over = { model, tensorParallel: 8, ranks: { nodes: 2, pipelineParallel: 2 }, args: ['--max-num-seqs', '512'] }
    const rendezvous = { address: '10.0.0.12', port: 41_000 }
    expect(ENGINES[engine].argv({ ...spec, ...over }, { ...at, rank: { rank, rendezvous } }).join(' ')).toBe(argv)
  })

  it.each<[EngineName, readonly string[], readonly string[]]>([
    ['llama.cpp', [], ['chat', 'completions']],
    ['llama.cpp', ['--embedding'], ['embeddings']],
    ['vllm', [], ['chat', 'completions']],
    ['vllm', words('--runner pooling'), ['embeddings']],
    ['vllm', ['--runner=pooling'], ['embeddings']],
    ['vllm', words('--task embed'), ['embeddings']],
    ['vllm', words('--chat-template pooling --runner generate'), ['chat', 'completions']],
    ['sglang', ['--is-embedding'], ['embeddings']],
    ['tei', [], ['embeddings']],
  ])('%s with %j serves %j', (engine, args, serves) => {
    expect(ENGINES[engine].serves({ ...spec, args })).toEqual(serves)
  })

  it.each<[EngineName, string]>([
    ['vllm', 'VLLM_PORT VLLM_HOST_IP VLLM_API_KEY MASTER_PORT LD_PRELOAD'],
    ['sglang', 'SGLANG_API_KEY AIP_HTTP_PORT HOST PORT'],
    ['tei', 'MODEL_ID REVISION DTYPE HOSTNAME PORT API_KEY HF_API_TOKEN HUGGINGFACE_HUB_CACHE AIP_HTTP_PORT'],
    ['llama.cpp', 'LLAMA_ARG_HOST LLAMA_SERVER_ROUTER_PORT HF_TOKEN'],
    ['custom', 'PORT HF_HOME'],
  ])('%s inherits none of %s', (engine, names) => {
    expect(words(names).filter(name => ENGINES[engine].keepsEnvironment.test(name))).toEqual([])
  })

  it.each<[EngineName, string]>([
    ['vllm', 'VLLM_CACHE_ROOT VLLM_LOGGING_LEVEL HF_HOME HF_TOKEN NCCL_SOCKET_IFNAME PYTHONPATH https_proxy'],
    ['sglang', 'SGLANG_TORCH_PROFILER_DIR HF_HOME TRITON_CACHE_DIR CONDA_PREFIX'],
    ['tei', 'HF_HOME HF_TOKEN RUST_LOG'],
    ['llama.cpp', 'GGML_CUDA_ENABLE_UNIFIED_MEMORY'],
  ])('%s inherits %s', (engine, names) => {
    expect(words(names).filter(name => !ENGINES[engine].keepsEnvironment.test(name))).toEqual([])
  })
})

describe('what a build is told', () => {
  const said = (engine: 'vllm' | 'tei', argv: string, answer: string) => {
    const { argv: told = [], notes = [] } = ENGINES[engine].changed?.toBuild(words(argv), answer) ?? {}
    return [told.join(' '), ...notes]
  }

  it.each([
    ['0.9.2', ['serve m --disable-log-requests --port 1']],
    ['INFO 12-01 06:28:13 [scheduler.py:216] 0.13 of it\n0.11.2', ['serve m --disable-log-requests --port 1']],
    ['0.12.0', ['serve m --port 1', 'vLLM 0.12.0 logs no requests by default: --disable-log-requests is left out']],
    [
      'Traceback (most recent call last):',
      ['serve m --port 1', 'vLLM of today logs no requests by default: --disable-log-requests is left out'],
    ],
  ])('vLLM that says %s', (answer, told) => {
    expect(said('vllm', 'serve m --disable-log-requests --port 1', answer)).toEqual(told)
  })

  it.each([
    ['0.11.2', 'embed', ['serve m --task embed --port 1']],
    ['0.28.0', 'embed', ['serve m --runner pooling --port 1', 'vLLM 0.28.0 has no --task: it gets --runner pooling']],
    ['0.28.0', 'classify', ['serve m --task classify --port 1']],
  ])('vLLM %s with the task %s', (answer, task, told) => {
    expect(said('vllm', `serve m --task ${task} --port 1`, answer)).toEqual(told)
  })

  it('TEI takes the name of its model where its help names it', () => {
    const argv = '--model-id /m --served-model-name m --port 1'
    expect(said('tei', argv, '  --served-model-name <SERVED_MODEL_NAME>')).toEqual([argv])
    expect(said('tei', argv, '  --model-id <MODEL_ID>')).toEqual([
      '--model-id /m --port 1',
      'This build does not accept --served-model-name: its answers carry the path or id of the model',
    ])
  })
})
