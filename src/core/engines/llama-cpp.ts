import { z } from 'zod'
import type { EngineSpec } from '../domain/engine-spec.ts'
import type { HttpAnswer } from '../domain/http-answer.ts'
import type { Engine, EngineHealth } from './engine.ts'
import { CHANGED_FLAGS, toBuild } from './llama-flags.ts'
import { matchedBatches, placementArgv } from './llama-placement.ts'
import { modelSource, needsModel } from './model-source.ts'
import { type LoadNames, readLoadBy } from './prometheus.ts'

/** llama-server with one model, on one node or several, or as a router over a directory of them (reference: llama.cpp tools/server/README.md). */
export const llamaCpp: Engine = {
  name: 'llama.cpp',
  command: 'llama-server',
  serves: ({ args }) => (args.some(word => EMBEDDING_FLAGS.includes(word)) ? ['embeddings'] : ['chat', 'completions']),
  argv: (spec, { address, port, placement }) => [
    ...['--host', address, '--port', String(port), '--metrics'],
    ...(spec.router === undefined
      ? []
      : ['--models-dir', spec.router.modelsDir, '--models-max', String(spec.router.modelsMax)]),
    ...(spec.model === undefined ? [] : ['--model', modelSource(spec), '--alias', spec.model.name]),
    ...(spec.context === undefined ? [] : ['--ctx-size', String(spec.context)]),
    ...(placement === undefined ? [] : [...placementArgv(placement), ...matchedBatches(spec.args)]),
    ...spec.args,
  ],
  changed: {
    flags: CHANGED_FLAGS,
    ask: ['--help'],
    toBuild: (argv, help) => ({ argv: toBuild(argv, help), notes: [] }),
  },
  // Not LLAMA_ARG_* nor LLAMA_SERVER_*: they would override the job script.
  keepsEnvironment: /^(GGML_|HIP_|ROCR_|HSA_|ONEAPI_|SYCL_|VK_)/,
  environment: {},
  key: () => ({ variable: 'LLAMA_API_KEY' }),
  needs: ({ router, ...spec }) => [
    ...(router === undefined ? [] : [{ path: router.modelsDir, what: 'models directory' }]),
    ...(router?.preload ?? []).map(name => ({
      path: `${router?.modelsDir}/${name}.gguf`,
      // A model in parts, or with a projector, has a directory of its own.
      or: `${router?.modelsDir}/${name}/`,
      what: `preloaded model ${name}`,
    })),
    ...needsModel(spec),
  ],
  paths: ({ router }) => ({
    ...{ health: '/health', models: '/v1/models', load: '/models/load' },
    metrics: router === undefined ? '/metrics' : metricsOfLoaded,
  }),
  healthTimeoutMs: 5_000,
  // It has nothing to clean up, and accepts requests until it has ended its models' processes.
  stopGraceMs: 0,
  readHealth,
  readLoad: (_, metrics) => readLoadBy(LOAD, metrics),
}

/** Reference: llama.cpp tools/server/server-context.cpp. Until 2025 it reported the ratio of its KV cache. */
const LOAD: LoadNames = {
  running: ['llamacpp:requests_processing'],
  waiting: ['llamacpp:requests_deferred'],
  kv: ['llamacpp:kv_cache_usage_ratio'],
  prefixHits: [
    {
      found: 'llamacpp:prompt_tokens_cached_total',
      of: ['llamacpp:prompt_tokens_cached_total', 'llamacpp:prompt_tokens_total'],
    },
  ],
}

/** A router passes the request to a model's process, and would load a model that is not loaded. */
function metricsOfLoaded(models: string): readonly string[] {
  const loaded = (parseModels(models) ?? []).filter(model => model.status?.value === 'loaded')
  return loaded.map(({ id }) => `/metrics?model=${encodeURIComponent(id.toWellFormed())}&autoload=false`)
}

const EMBEDDING_FLAGS = ['--embedding', '--embeddings']

/**
 * First match wins:
 * 1. nothing in time → silent
 * 2. connection refused → refused; an answer that breaks off, or is not HTTP → erring
 * 3. 503 with "Loading model" → loading, as on every path while the one model loads
 * 4. any other 503 → busy: it has no slot free; any other status but 200 → erring
 * 5. a preloaded model that the router reports as failed, or does not know → failed
 * 6. a preloaded model that was never loaded → loading; the router must be asked once
 * 7. otherwise ready
 */
function readHealth(spec: EngineSpec, health: HttpAnswer, models: HttpAnswer): EngineHealth {
  for (const answer of [health, models]) {
    if (answer.kind === 'timeout') return { kind: 'silent' } // 1
    if (answer.kind === 'refused') return answer // 2
    if (answer.kind === 'broken') return { kind: 'erring', message: answer.message } // 2
    if (answer.status === 503 && /loading model/i.test(answer.text)) {
      return { kind: 'loading', message: 'Loading model', load: [] } // 3
    }
    if (answer.status === 503) return { kind: 'busy', message: `HTTP 503: ${answer.text.slice(0, 200)}` } // 4
    if (answer.status !== 200) return { kind: 'erring', message: `HTTP ${answer.status}: ${answer.text.slice(0, 200)}` } // 4
  }
  const listed = parseModels(models.kind === 'answered' ? models.text : '')
  if (listed === undefined) return { kind: 'erring', message: '/v1/models returned no list of models' } // 4
  const load: string[] = []
  for (const name of spec.router?.preload ?? []) {
    const entry = listed.find(model => model.id === name)
    if (entry === undefined) {
      return { kind: 'failed', message: `Model "${name}" is not among ${listed.length} models`, reload: [] } // 5
    }
    // A child that died leaves "unloaded" with its exit code beside it; one that was evicted leaves "unloaded" alone.
    if (entry.status?.failed === true) {
      const message = `Model "${name}" failed with exit code ${entry.status.exit_code ?? 'unknown'}`
      return { kind: 'failed', message, reload: [name] } // 5
    }
    if (entry.status?.value === 'unloaded') load.push(name)
    else if (entry.status?.value === 'loading') return { kind: 'loading', message: `Loading ${name}`, load: [] } // 6
  }
  if (load.length > 0) return { kind: 'loading', message: `Loading ${load.join(', ')}`, load } // 6
  return { kind: 'ready', models: listed.map(model => model.id) } // 7
}

const listSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      status: z
        .object({ value: z.string(), failed: z.boolean().optional(), exit_code: z.number().optional() })
        .optional(),
    }),
  ),
})

function parseModels(text: string): z.infer<typeof listSchema>['data'] | undefined {
  try {
    return listSchema.safeParse(JSON.parse(text)).data?.data
  } catch {
    return undefined
  }
}
