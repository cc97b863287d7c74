import type { RankSpec } from '../domain/engine-spec.ts'
import type { Engine, Rank } from './engine.ts'
import { modelSource, needsModel } from './model-source.ts'
import { readPlainHealth } from './plain-health.ts'
import { type LoadNames, readLoadBy } from './prometheus.ts'
import { PYTHON_VARIABLES } from './python-environment.ts'
import { CHANGED_FLAGS, toBuild } from './vllm-flags.ts'

/** `vllm serve` (reference: vllm/entrypoints/openai/cli_args.py and vllm/engine/arg_utils.py). */
export const vllm: Engine = {
  name: 'vllm',
  command: 'vllm',
  serves: ({ args }) => (isPooling(args) ? ['embeddings'] : ['chat', 'completions']),
  argv: (spec, { address, port, rank }) => [
    ...['serve', modelSource(spec)],
    ...['--host', address, '--port', String(port)],
    ...(spec.model === undefined ? [] : ['--served-model-name', spec.model.name]),
    ...(spec.tensorParallel === undefined ? [] : ['--tensor-parallel-size', String(spec.tensorParallel)]),
    ...(spec.context === undefined ? [] : ['--max-model-len', String(spec.context)]),
    ...(rank === undefined || spec.ranks === undefined ? [] : rankArgv(spec.ranks, rank)),
    ...spec.args,
  ],
  addressVariable: 'VLLM_HOST_IP',
  changed: { flags: CHANGED_FLAGS, ask: ['--version'], toBuild },
  // VLLM_PORT is the base of its internal ports; the supervisor sets VLLM_API_KEY and VLLM_HOST_IP.
  keepsEnvironment: new RegExp(`^(?:VLLM_(?!PORT$|HOST_IP$|API_KEY$)[A-Z0-9_]+|${PYTHON_VARIABLES})$`),
  environment: { PYTHONUNBUFFERED: '1' },
  key: () => ({ variable: 'VLLM_API_KEY' }),
  needs: needsModel,
  paths: () => ({ health: '/health', models: '/v1/models', metrics: '/metrics' }),
  healthTimeoutMs: 5_000,
  // It closes its port first. After a KILL it would leave segments in /dev/shm that use the node's memory.
  stopGraceMs: 3_000,
  readHealth: readPlainHealth,
  readLoad: (_, metrics) => readLoadBy(LOAD, metrics),
}

/** Without Ray, since 0.12; ranks other than the head serve no requests (reference: vllm/config/parallel.py). */
function rankArgv({ nodes, pipelineParallel }: RankSpec, { rank, rendezvous }: Rank): string[] {
  return [
    ...['--pipeline-parallel-size', String(pipelineParallel), '--nnodes', String(nodes), '--node-rank', String(rank)],
    ...['--master-addr', rendezvous.address, '--master-port', String(rendezvous.port)],
    ...(rank === 0 ? [] : ['--headless']),
  ]
}

/** Reference: vllm/v1/metrics/loggers.py; the older names were given up in 2025. */
const LOAD: LoadNames = {
  running: ['vllm:num_requests_running'],
  waiting: ['vllm:num_requests_waiting'],
  kv: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
  prefixHits: [
    { found: 'vllm:prefix_cache_hits_total', of: ['vllm:prefix_cache_queries_total'] },
    { found: 'vllm:gpu_prefix_cache_hits_total', of: ['vllm:gpu_prefix_cache_queries_total'] },
    'vllm:gpu_prefix_cache_hit_rate',
  ],
}

/** Models that answer with vectors need a flag (`--runner pooling`; before 2025-07 `--task embed`). */
function isPooling(args: readonly string[]): boolean {
  return /(^|\n)--runner[\n=]pooling(\n|$)|(^|\n)--task[\n=]embed(ding)?(\n|$)/.test(args.join('\n'))
}
