import type { EngineName } from './index.ts'

const OPENAI = ['/v1/models', '/v1/models/{model}', '/v1/chat/completions', '/v1/completions', '/v1/embeddings']
const RESPONSES = ['/v1/responses', '/v1/responses/{id}', '/v1/responses/{id}/cancel']
const ANTHROPIC = ['/v1/messages', '/v1/messages/count_tokens']
const TRANSCRIPTIONS = '/v1/audio/transcriptions'
const TRANSLATIONS = '/v1/audio/translations'
const RERANK = ['/rerank', '/v1/rerank', '/v2/rerank']
const TOKENS = ['/tokenize', '/detokenize']
const HEALTH = '/health'

/**
 * The paths that clients may ask of each engine: what answers one request with what the model makes of it. All else is for those
 * who run the engine (its settings, its cache, its weights, its metrics, other clients' answers), and is opened one by one, by
 * `allowPaths` of a tier. `{id}` stands for one segment, `{model}` for a model's name, which may have several.
 */
const CLIENT_PATHS: Readonly<Record<EngineName, readonly string[]>> = {
  'llama.cpp': [
    ...OPENAI,
    ...['/v1/responses', '/v1/responses/input_tokens', '/v1/chat/completions/input_tokens'],
    ...ANTHROPIC,
    TRANSCRIPTIONS,
    ...['/rerank', '/reranking', '/v1/rerank', '/v1/reranking'],
    ...TOKENS,
    HEALTH,
  ],
  vllm: [
    ...OPENAI,
    ...RESPONSES,
    ...['/v1/chat/completions/batch', '/v1/chat/completions/render', '/v1/completions/render'],
    ...ANTHROPIC,
    ...[TRANSCRIPTIONS, TRANSLATIONS],
    ...RERANK,
    ...['/score', '/v1/score', '/classify', '/v1/classify', '/pooling', '/v1/pooling'],
    ...TOKENS,
    HEALTH,
  ],
  sglang: [
    ...OPENAI,
    ...RESPONSES,
    ...ANTHROPIC,
    TRANSCRIPTIONS,
    ...['/rerank', '/v1/rerank', '/score', '/v1/score', '/classify', '/v1/classify'],
    ...[...TOKENS, '/v1/tokenize', '/v1/detokenize'],
    HEALTH,
  ],
  tei: [
    ...['/v1/models', '/v1/embeddings'],
    ...['/embed', '/embed_all', '/embed_sparse', '/similarity', '/predict', '/rerank', '/tokenize', '/decode'],
    HEALTH,
  ],
  custom: [...OPENAI, ...RESPONSES, '/v1/responses/input_tokens', TRANSCRIPTIONS, TRANSLATIONS, ...RERANK, HEALTH],
  demo: ['/v1/models', '/v1/chat/completions', '/v1/completions', HEALTH],
}

/** Of a tier with this engine: those of the table, and those that the tier opens, each once. */
export function clientPaths(engine: EngineName, opened: readonly string[] = []): readonly string[] {
  return [...new Set([...CLIENT_PATHS[engine], ...opened])]
}
