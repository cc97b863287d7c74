import { describe, expect, it } from 'vitest'
import { hasRouter, renderRouter } from '../../../../src/adapters/gateway/render/router-file.ts'
import type { GatewayModel, GatewayTier } from '../../../../src/core/domain/gateway-model.ts'

const fast: GatewayTier = {
  name: 'fast',
  path: '/',
  paths: ['/v1/chat/completions', '/v1/models/{model}', '/v1/x.y/{id}'],
  models: ['qwen"; </script>'],
  readTimeoutSeconds: 600,
  retryAfterSeconds: 10,
  servers: [{ id: 'fast-1-0-0', address: '10.0.0.1', port: 8080 }],
}
const waiting = { kind: 'loading', job: '7', retryAfterSeconds: 10 } as const
const slow: GatewayTier = { ...fast, name: 'slow', path: '/slow/', servers: [], loadsModels: true, waiting }
const model: GatewayModel = { listen: 8080, tiers: [fast, slow] }

/** What the file's first line gives to the program after it. */
function tableOf(gateway: GatewayModel) {
  const text = renderRouter('', 'sluice', gateway)
  return new Function(`${text}; return TABLE`)()
}

describe('the table of a router', () => {
  it('has the tiers as the configuration orders them, with their models, state and kind', () => {
    expect(tableOf(model)).toMatchObject({
      names: 'sluice',
      tiers: [
        { name: 'fast', models: ['qwen"; </script>'], state: 'ready', isRoot: true, loadsModels: false },
        { name: 'slow', state: 'loading', isRoot: false, loadsModels: true },
      ],
    })
    expect(tableOf({ ...model, tiers: [{ ...slow, waiting: { kind: 'none' } }] }).tiers[0].state).toBe('cold')
  })

  it.each([
    ['/v1/chat/completions', true],
    ['/v1/models/a/b-c.d', true],
    ['/v1/x.y/1', true],
    ['/v1/xzy/1', false],
    ['/v1/chat/completions\n', false],
    ['/v1/chat/completions/x', false],
    ['x/v1/chat/completions', false],
    ['/v1/models/', false],
  ])('takes %j as nginx’s own list of paths does: %s', (path, isTaken) => {
    const sources: string[] = tableOf(model).tiers[0].paths
    expect(sources.some(source => new RegExp(source).test(path))).toBe(isTaken)
  })
})

describe('a gateway has a router', () => {
  const njs = { readsFiles: true }
  it.each<[string, GatewayModel, typeof njs | undefined, boolean]>([
    ['where nginx has njs and a tier has models', model, njs, true],
    ['but not without njs', model, undefined, false],
    ['but not without models', { ...model, tiers: [{ ...fast, models: [] }] }, njs, false],
  ])('%s', (_, gateway, has, expected) => {
    expect(hasRouter(gateway, has)).toBe(expected)
  })
})
