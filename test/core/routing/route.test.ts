import { describe, expect, it } from 'vitest'
import { type Decision, type RoutedTier, route } from '../../../src/core/routing/route.ts'

const CHAT = /^\/v1\/chat\/completions$/
const EMBED = /^\/v1\/embeddings$/
const tier = (name: string, models: string[], changes: Partial<RoutedTier> = {}): RoutedTier => ({
  ...{
    name,
    models,
    paths: [CHAT, /^\/v1\/messages$/, /^\/v1\/responses$/, /^\/v1\/responses\/[a-z0-9]+$/],
    state: 'ready',
    isRoot: false,
    loadsModels: false,
  },
  ...changes,
})
const TABLE = {
  tiers: [
    tier('fast', ['qwen', 'shared']),
    tier('reasoning', ['behemoth'], { state: 'cold' }),
    tier('burst', ['shared', 'qwen']),
    tier('embed', ['bge'], { paths: [EMBED, /^\/embed$/] }),
    tier('embed2', ['bge-large'], { paths: [EMBED, /^\/embed$/], state: 'loading' }),
  ],
}

function ask(body: unknown, path = '/v1/chat/completions', changes: object = {}, table = TABLE): Decision {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return route({ method: 'POST', path, contentType: 'application/json', body: bytes, ...changes }, table)
}

function refused(decision: Decision) {
  if (decision.tier !== undefined) return decision.tier
  const { error } = JSON.parse(decision.body)
  return [decision.status, error.code ?? error.type, error.message]
}

describe('a request goes to the tier', () => {
  it.each([
    ['that has its model', { model: 'behemoth' }, '/v1/chat/completions', 'reasoning'],
    ['that comes first of those that have it', { model: 'shared' }, '/v1/chat/completions', 'fast'],
    ['that serves its path', { model: 'bge' }, '/v1/embeddings', 'embed'],
    ['that is ready, for a path whose requests name no model', { inputs: 'x' }, '/embed', 'embed'],
    ['that has its model although it loads', { model: 'bge-large' }, '/v1/embeddings', 'embed2'],
  ])('%s', (_, body, path, name) => {
    expect(ask(body, path)).toEqual({ tier: name })
  })

  it('that comes next while the first has no engine', () => {
    const tiers = TABLE.tiers.map(one => (one.name === 'fast' ? { ...one, state: 'loading' as const } : one))
    expect(ask({ model: 'shared' }, undefined, {}, { tiers })).toEqual({ tier: 'burst' })
  })

  it('at /, where it names no model', () => {
    const tiers = TABLE.tiers.map(one => ({ ...one, isRoot: one.name === 'burst' }))
    expect(ask({ messages: [] }, undefined, {}, { tiers })).toEqual({ tier: 'burst' })
  })

  it('that loads models by name, where it may have that model but none of its engines is ready', () => {
    const tiers = TABLE.tiers.map(one => ({ ...one, loadsModels: one.name === 'reasoning' }))
    expect(ask({ model: 'on-demand' }, undefined, {}, { tiers })).toEqual({ tier: 'reasoning' })
    const ready = tiers.map(one => ({ ...one, state: 'ready' as const }))
    expect(refused(ask({ model: 'on-demand' }, undefined, {}, { tiers: ready }))).toMatchObject({
      1: 'model_not_found',
    })
  })

  it('that alone serves the path, where it names no model', () => {
    const tiers = TABLE.tiers.slice(0, 1)
    expect(ask({ messages: [] }, undefined, {}, { tiers })).toEqual({ tier: 'fast' })
  })

  it('named by a field of its form', () => {
    const contentType = 'multipart/form-data; boundary=xYz'
    const part = (head: string, text: string) => `--xYz\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`
    const decoy = part(
      'name="file"; filename="a.wav"',
      '--xYw\r\nContent-Disposition: form-data; name="model"\r\n\r\nqwen',
    )
    const body = `${decoy}${part('name="model"', 'behemoth')}--xYz--\r\n`
    expect(ask(body, undefined, { contentType })).toEqual({ tier: 'reasoning' })
    expect(refused(ask(`${decoy}--xYz--`, undefined, { contentType }))).toEqual([
      400,
      'model_required',
      'The request names no model',
    ])
  })
})

describe('a request is refused', () => {
  it.each([
    [
      'with an unknown model',
      { model: 'gpt-4o' },
      undefined,
      [404, 'model_not_found', 'The model "gpt-4o" does not exist; this gateway serves qwen, shared, behemoth'],
    ],
    [
      'with a model of another path',
      { model: 'bge' },
      undefined,
      [404, 'unknown_path', 'The model "bge" is not served at this path'],
    ],
    ['without a model', { messages: [] }, undefined, [400, 'model_required', 'The request names no model']],
    ['with an object for a model', { model: {} }, undefined, [400, 'invalid_model', 'The model must be a string']],
    [
      'with two models',
      '{"model":"qwen","model":"behemoth"}',
      undefined,
      [400, 'invalid_model', 'The request names its model twice'],
    ],
    [
      'with a very long model',
      { model: 'm'.repeat(1e6) },
      undefined,
      [400, 'invalid_model', 'The name of the model is too long'],
    ],
    ['without JSON', 'model=qwen', undefined, [400, 'invalid_body', 'The body is not a JSON object']],
    ['without a body', '', undefined, [400, 'invalid_body', 'The body is not a JSON object']],
    ['at an unknown path', { model: 'qwen' }, '/v1/slots', [404, 'unknown_path', 'Nothing is served at this path']],
    ['at a path that reads as another', { model: 'qwen' }, '', [404, 'unknown_path', 'Nothing is served at this path']],
    ['for a response that was kept', '{}', '/v1/responses/resp1', [404, 'response_not_kept', expect.any(String)]],
    [
      'that goes on from a response',
      { model: 'qwen', previous_response_id: 'r' },
      '/v1/responses',
      [400, 'response_not_kept', expect.any(String)],
    ],
    [
      'in the words of Anthropic',
      { model: 'claude' },
      '/v1/messages',
      [404, 'not_found_error', expect.stringContaining('"claude"')],
    ],
  ])('%s', (_, body, path, words) => {
    expect(refused(ask(body, path))).toEqual(words)
  })

  it('does not go on from null, which is no response', () => {
    expect(ask({ model: 'qwen', previous_response_id: null }, '/v1/responses')).toEqual({ tier: 'fast' })
  })
})

describe('the models', () => {
  const get = (path: string) => {
    const decision = ask('', path, { method: 'GET', body: undefined })
    if (decision.tier !== undefined) throw new Error('goes to a tier')
    return [decision.status, JSON.parse(decision.body)]
  }

  it('are those of all tiers, each once, with the tier that answers and its state', () => {
    const entry = (id: string, owned_by: string, state: string) => ({
      id,
      object: 'model',
      created: 0,
      owned_by,
      state,
    })
    expect(get('/v1/models')).toEqual([
      200,
      {
        object: 'list',
        data: [
          entry('qwen', 'fast', 'ready'),
          entry('shared', 'fast', 'ready'),
          entry('behemoth', 'reasoning', 'cold'),
          entry('bge', 'embed', 'ready'),
          entry('bge-large', 'embed2', 'loading'),
        ],
      },
    ])
    expect(get('/v1/models/behemoth')).toEqual([200, entry('behemoth', 'reasoning', 'cold')])
  })

  it('are listed to those who ask for another one', () => {
    expect(get('/v1/models/none')).toMatchObject([404, { error: { code: 'model_not_found' } }])
  })
})
