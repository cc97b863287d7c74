import type { EngineName } from '../../engines/index.ts'
import { PARALLEL_FLAGS } from '../parallelism.ts'

/** Why a flag may not be in args, and what to write instead. */
export interface Reserved {
  readonly flags: readonly string[]
  readonly found: string
  readonly fix: string
}

const SET = 'is set by Sluice'
const OUT = 'leave it out'
const HOST = { found: "is the node's address, which Sluice sets", fix: OUT }
const PORT = { found: SET, fix: 'write port in the tier, or leave it out for a free one' }
const KEY = { found: "is the site's own key, which Sluice sets", fix: OUT }
const SECRET = { found: 'would show a secret to every account on the node', fix: OUT }
const TLS = { found: 'would make the engine speak TLS, which the gateway does not', fix: OUT }
const MODEL = { found: SET, fix: 'write model.file or model.id in the tier' }
const NAME = { found: SET, fix: 'write model.name in the tier' }
const CONTEXT = { found: SET, fix: 'write context in the tier' }
const PREFIX = { found: 'would move the paths that Sluice requests', fix: 'write path in the tier' }
const TENSOR_PARALLEL = { found: SET, fix: 'write tensorParallel in the tier' }
const NODES = { found: SET, fix: 'write slurm.nodes in the tier' }
const UNSEEN = { found: 'would set arguments without a check', fix: 'write them in args' }
const SOCKET = { found: 'would make it listen where the gateway cannot reach it', fix: OUT }

const LLAMA_CPP: readonly Reserved[] = [
  { flags: ['--host'], ...HOST },
  { flags: ['--port'], ...PORT },
  { flags: ['--model', '-m'], found: SET, fix: 'write model.file in the tier' },
  { flags: ['--alias', '-a'], ...NAME },
  {
    flags: ['--model-url', '-mu', '--hf-repo', '-hf', '-hfr', '--hf-file', '-hff', '--docker-repo', '-dr'],
    found: 'would download in every job',
    fix: 'download the model once and write model.file in the tier',
  },
  { flags: ['--models-dir'], found: SET, fix: 'write router.modelsDir in the tier' },
  { flags: ['--models-max'], found: SET, fix: 'write router.modelsMax in the tier' },
  { flags: ['--ctx-size', '-c'], ...CONTEXT },
  { flags: ['--metrics'], found: SET, fix: OUT },
  { flags: ['--api-key', '--api-key-file'], ...KEY },
  { flags: ['--hf-token', '-hft'], ...SECRET },
  { flags: ['--ssl-key-file', '--ssl-cert-file'], ...TLS },
  { flags: ['--api-prefix'], ...PREFIX },
  { flags: ['--rpc'], found: SET, fix: 'write rpc: { workers } in the tier' },
]

/** Reference: vllm/entrypoints/openai/cli_args.py, vllm/engine/arg_utils.py. */
const VLLM: readonly Reserved[] = [
  { flags: ['--host'], ...HOST },
  { flags: ['--port'], ...PORT },
  { flags: ['--uds'], ...SOCKET },
  { flags: ['--model', '--model-tag'], ...MODEL },
  { flags: ['--served-model-name'], ...NAME },
  { flags: ['--max-model-len'], ...CONTEXT },
  { flags: ['--tensor-parallel-size', '-tp'], ...TENSOR_PARALLEL },
  { flags: ['--nnodes', '--node-rank', '--master-addr', '--master-port', '--headless'], ...NODES },
  { flags: ['--api-key'], ...KEY },
  { flags: ['--hf-token'], ...SECRET },
  { flags: ['--ssl-keyfile', '--ssl-certfile', '--ssl-ca-certs'], ...TLS },
  { flags: ['--root-path'], ...PREFIX },
  { flags: ['--config'], ...UNSEEN },
]

/** Reference: python/sglang/srt/server_args.py. */
const SGLANG: readonly Reserved[] = [
  { flags: ['--host'], ...HOST },
  { flags: ['--port'], ...PORT },
  { flags: ['--model-path', '--model'], ...MODEL },
  { flags: ['--served-model-name'], ...NAME },
  { flags: ['--context-length'], ...CONTEXT },
  { flags: ['--tp-size', '--tp', '--tensor-parallel-size'], ...TENSOR_PARALLEL },
  { flags: ['--nnodes', '--node-rank', '--dist-init-addr'], ...NODES },
  { flags: ['--enable-metrics'], found: SET, fix: OUT },
  { flags: ['--api-key', '--admin-api-key'], ...KEY },
  { flags: ['--ssl-keyfile', '--ssl-certfile', '--ssl-ca-certs'], ...TLS },
  { flags: ['--fastapi-root-path'], ...PREFIX },
  { flags: ['--config'], ...UNSEEN },
]

/** Reference: router/src/main.rs of text-embeddings-inference. */
const TEI: readonly Reserved[] = [
  { flags: ['--hostname'], ...HOST },
  { flags: ['--port', '-p'], ...PORT },
  { flags: ['--model-id'], ...MODEL },
  { flags: ['--served-model-name'], ...NAME },
  { flags: ['--prometheus-port', '--uds-path'], found: SET, fix: OUT },
  { flags: ['--api-key'], ...KEY },
  { flags: ['--hf-token', '--hf-api-token'], ...SECRET },
]

export const RESERVED: Readonly<Record<EngineName, readonly Reserved[]>> = {
  'llama.cpp': LLAMA_CPP,
  vllm: VLLM,
  sglang: SGLANG,
  tei: TEI,
  custom: [],
  demo: [],
}

/** Flags that place a model of llama.cpp over several nodes; on one node they are allowed. */
export const PLACEMENT: readonly Reserved[] = [
  {
    flags: ['--device', '-dev', '--tensor-split', '-ts', '--split-mode', '-sm', '--main-gpu', '-mg'],
    found: 'is set by Sluice for a tier with rpc',
    fix: 'write rpc.layers in the tier, or leave both out',
  },
  {
    flags: ['--n-gpu-layers', '--gpu-layers', '-ngl', '--fit', '-fit'],
    found: 'is set by Sluice for a tier with rpc',
    fix: 'leave it out; for a head without layers write 0 in rpc.layers',
  },
]

/** Flags that divide one engine over several nodes, a pipeline stage for each group of GPUs; on one node they are allowed. */
const STAGES = {
  found: 'is set by Sluice over several nodes',
  fix: 'write tensorParallel in the tier; the other GPUs become pipeline stages',
}
const COPIES = {
  found: 'cannot be used over several nodes, where the engine has one copy of the model',
  fix: 'leave it out; more replicas give more copies',
}

export function rankFlags(engine: EngineName): readonly Reserved[] {
  const { pipeline, data } = PARALLEL_FLAGS[engine] ?? { pipeline: [], data: [] }
  return [
    { flags: pipeline, ...STAGES },
    { flags: data, ...COPIES },
  ]
}
