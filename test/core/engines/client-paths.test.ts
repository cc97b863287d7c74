import { describe, expect, it } from 'vitest'
import { pathPatterns } from '../../../src/adapters/gateway/render/path-list.ts'
import { clientPaths } from '../../../src/core/engines/client-paths.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'

const NAMES = Object.keys(ENGINES) as EngineName[]
const [L, V, S, T, C, D] = ['llama.cpp', 'vllm', 'sglang', 'tei', 'custom', 'demo'] as const

/** All that clients may ask, and of which engines: what is opened to everybody is written down twice. */
const OPEN: Readonly<Record<string, readonly EngineName[]>> = {
  '/health': [L, V, S, T, C, D],
  '/v1/models': [L, V, S, T, C, D],
  '/v1/models/{model}': [L, V, S, C],
  '/v1/chat/completions': [L, V, S, C, D],
  '/v1/completions': [L, V, S, C, D],
  '/v1/embeddings': [L, V, S, T, C],
  '/v1/responses': [L, V, S, C],
  '/v1/responses/{id}': [V, S, C],
  '/v1/responses/{id}/cancel': [V, S, C],
  '/v1/responses/input_tokens': [L, C],
  '/v1/chat/completions/input_tokens': [L],
  '/v1/chat/completions/batch': [V],
  '/v1/chat/completions/render': [V],
  '/v1/completions/render': [V],
  '/v1/messages': [L, V, S],
  '/v1/messages/count_tokens': [L, V, S],
  '/v1/audio/transcriptions': [L, V, S, C],
  '/v1/audio/translations': [V, C],
  '/rerank': [L, V, S, T, C],
  '/reranking': [L],
  '/v1/rerank': [L, V, S, C],
  '/v1/reranking': [L],
  '/v2/rerank': [V, C],
  '/score': [V, S],
  '/v1/score': [V, S],
  '/classify': [V, S],
  '/v1/classify': [V, S],
  '/pooling': [V],
  '/v1/pooling': [V],
  '/tokenize': [L, V, S, T],
  '/detokenize': [L, V, S],
  '/v1/tokenize': [S],
  '/v1/detokenize': [S],
  '/embed': [T],
  '/embed_all': [T],
  '/embed_sparse': [T],
  '/similarity': [T],
  '/predict': [T],
  '/decode': [T],
}

/** nginx's pattern in JavaScript, which has no `\z`; `$` without `m` is the same there. */
function matches(name: EngineName, path: string): boolean {
  return pathPatterns('/x', clientPaths(name)).some(pattern =>
    new RegExp(pattern.slice(1).replace(/\\z$/, '$')).test(`/x${path}`),
  )
}

describe.each(NAMES)('the paths of %s', name => {
  it('are those of the table and no other', () => {
    const expected = Object.keys(OPEN).filter(path => OPEN[path]?.includes(name))
    expect(clientPaths(name).toSorted()).toEqual(expected.toSorted())
  })

  it('are opened further by name, each once', () => {
    expect(clientPaths(name, ['/health', '/v1/mine'])).toEqual([...clientPaths(name), '/v1/mine'])
  })

  it.each([
    '/metrics',
    '/slots',
    '/props',
    '/server_info',
    '/flush_cache',
    '/sleep',
    '/invocations',
    '/docs',
    '/v1/streams',
    '/v1/models/',
    '/health\n',
    '/health/',
    '/healthx',
    '/v1/models/a//b',
    '/v1/models/a?b',
    '/v1/models/a%2fb',
    '/v1/models/a\\b',
    '/v1/models/a b',
  ])('have not %j', path => {
    expect(matches(name, path)).toBe(false)
  })
})

it('a model has a name of several segments, and an answer an id of one', () => {
  expect(matches('vllm', '/v1/models/org/name:Q4_K_M')).toBe(true)
  expect(matches('vllm', '/v1/responses/resp_1')).toBe(true)
  expect(matches('vllm', '/v1/responses/resp_1/x')).toBe(false)
})
