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
 * The paths of each engine that clients may use: those that answer one request by means of the model. Other paths are for the
 * operators of the engine (settings, cache, weights, metrics, other clients' answers); a tier opens them one by one with
 * `allowPaths`. `{id}` stands for one segment, `{model}` for a model's name, which may have several segments.
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

/** The paths of a tier with this engine: those of the table and those that the tier opens, each once. */
export function clientPaths(engine: EngineName, opened: readonly string[] = []): readonly string[] {
  return [...new Set([...CLIENT_PATHS[engine], ...opened])]
}
