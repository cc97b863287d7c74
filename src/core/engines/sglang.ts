import type { EngineSpec, RankSpec } from '../domain/engine-spec.ts'
import type { Engine, Rank } from './engine.ts'
import { modelSource, needsModel } from './model-source.ts'
import { readPlainHealth } from './plain-health.ts'
import { type LoadNames, readLoadBy } from './prometheus.ts'
import { PYTHON_VARIABLES } from './python-environment.ts'

/** SGLang's server (reference: python/sglang/srt/server_args.py and srt/entrypoints/http_server.py). */
export const sglang: Engine = {
  name: 'sglang',
  command: 'python3',
  serves: ({ args }) => (args.includes('--is-embedding') ? ['embeddings'] : ['chat', 'completions']),
  argv: (spec, { address, port, rank }) => [
    ...launcher(spec),
    ...['--model-path', modelSource(spec)],
    ...['--host', address, '--port', String(port), '--enable-metrics'],
    ...(spec.model === undefined ? [] : ['--served-model-name', spec.model.name]),
    ...(spec.tensorParallel === undefined ? [] : ['--tp-size', String(spec.tensorParallel)]),
    ...(spec.context === undefined ? [] : ['--context-length', String(spec.context)]),
    ...(rank === undefined || spec.ranks === undefined ? [] : rankArgv(spec.ranks, rank)),
    ...spec.args,
  ],
  addressVariable: 'SGLANG_HOST_IP',
  keepsEnvironment: new RegExp(`^(?:SGLANG_(?!API_KEY$)[A-Z0-9_]+|SGL_[A-Z0-9_]+|${PYTHON_VARIABLES})$`),
  environment: { PYTHONUNBUFFERED: '1' },
  // It has no variable for the key, but reads arguments from a YAML file (srt/server_args_config_parser.py).
  key: () => ({
    fileName: 'sglang.yaml',
    text: key => `api-key: "${key}"\n`,
    argv: path => ['--config', path],
  }),
  needs: needsModel,
  paths: () => ({ health: '/health', models: '/v1/models', metrics: '/metrics' }),
  // It generates a token for the answer, with its own limit of 20 s.
  healthTimeoutMs: 25_000,
  // After a signal to end it looks every five seconds whether requests are left, still accepts new ones, and then kills itself.
  stopGraceMs: 0,
  readHealth: readPlainHealth,
  readLoad: (_, metrics) => readLoadBy(LOAD, metrics),
}

function rankArgv({ nodes, pipelineParallel }: RankSpec, { rank, rendezvous }: Rank): string[] {
  return [
    ...['--pp-size', String(pipelineParallel), '--nnodes', String(nodes), '--node-rank', String(rank)],
    ...['--dist-init-addr', `${rendezvous.address}:${rendezvous.port}`],
  ]
}

/** Reference: python/sglang/srt/observability/metrics_collector.py. */
const LOAD: LoadNames = {
  running: ['sglang:num_running_reqs'],
  waiting: ['sglang:num_queue_reqs'],
  kv: ['sglang:token_usage'],
  prefixHits: ['sglang:cache_hit_rate'], // of its last batch of prompts
  parts: ['priority'],
  copies: ['tp_rank', 'pp_rank', 'moe_ep_rank'], // with --enable-metrics-for-all-schedulers
}

/** The program `sglang` has a command for it since 2025; before, and in Python of whatever name, it is a module. */
function launcher({ command }: EngineSpec): string[] {
  return command.slice(command.lastIndexOf('/') + 1) === 'sglang' ? ['serve'] : ['-m', 'sglang.launch_server']
}
