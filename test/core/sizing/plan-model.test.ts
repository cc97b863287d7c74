import { describe, expect, it } from 'vitest'
import { readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'
import type { Layout } from '../../../src/core/sizing/layout.ts'
import { type ModelPlan, planModel } from '../../../src/core/sizing/plan-model.ts'
import { planTogether } from '../../../src/core/sizing/plan-together.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'
import { shapeOf } from './shape-of.ts'

const GIBIBYTE = 2 ** 30
const gpus = (count: number, gibibytes: number | undefined, remote = false) =>
  Array.from({ length: count }, (_, index) => ({
    name: `gpu ${index}`,
    bytes: gibibytes === undefined ? undefined : gibibytes * GIBIBYTE,
    isRemote: remote && index > 0,
  }))
const on = (devices: Layout['devices'], host: number | undefined, layers?: readonly number[]): Layout => ({
  devices,
  layers,
  hostBytes: host === undefined ? undefined : host * GIBIBYTE,
})
const plan = (model: keyof typeof SIZED_MODELS, args: string, context: number, layout: Layout) =>
  planModel({
    shape: shapeOf(SIZED_MODELS[model]),
    settings: readEngineSettings(args.split(' ').filter(Boolean), context),
    layout,
  })
/** A plan in few words; sizes in GiB. */
const brief = ({ verdict, largestContext, split, devices, host, proposals }: ModelPlan) => ({
  verdict,
  largestContext,
  layers: devices.map(device => device.layers),
  best: split?.layers ?? null,
  free: [...devices, host].map(({ free }) => (free === null ? null : Math.round((10 * free) / GIBIBYTE) / 10)),
  proposals: proposals.map(({ kind, args, layers, context, hostBytes }) => ({
    ...{ kind, ...args },
    ...(layers === undefined ? {} : { layers }),
    ...(context === undefined ? {} : { context }),
    ...(hostBytes === undefined ? {} : { hostBytes }),
  })),
})

describe("the seed's 72B on three nodes with 32 GiB each", () => {
  const layout = on(gpus(3, 32, true), 200, [26, 27, 27])
  const ARGS = '-b 512 -ub 512 -np 1'
  const allFfn = 'blk\\.([0-9]|[1-7][0-9])\\.ffn_(up|down|gate|gate_up)\\.=CPU'

  it('holds 131072 tokens with q4_0 keys and f16 values', () => {
    expect(brief(plan('qwen72b', `${ARGS} -ctk q4_0`, 131_072, layout))).toEqual({
      verdict: 'fits',
      largestContext: 131_072,
      layers: [26, 27, 27],
      best: [27, 27, 26],
      free: [7.8, 7.6, 5.9, 189.4],
      // All that one node could do.
      proposals: [{ kind: 'one node', 'override-tensor': allFfn, context: 117_248 }],
    })
  })

  it('without flash attention holds them in batches of 128, since the scores of 512 take 16 GiB', () => {
    const found = plan('qwen72b', `${ARGS} -ctk q4_0 -fa off`, 131_072, layout)
    expect(found.shortages.map(({ where, missing }) => [where, (missing / GIBIBYTE).toFixed(1)])).toEqual([
      ['gpu 0', '8.6'],
      ['gpu 1', '8.8'],
      ['gpu 2', '10.4'],
    ])
    expect(brief(found).proposals).toEqual([
      { kind: 'ubatch', 'ubatch-size': 128 },
      { kind: 'context', context: 78_080 },
      { kind: 'one node', 'override-tensor': allFfn, context: 72_960 },
    ])
  })

  it('is divided anew where one node has too many layers', () => {
    expect(brief(plan('qwen72b', `${ARGS} -ctk q4_0`, 131_072, { ...layout, layers: [10, 35, 35] }))).toMatchObject({
      verdict: 'does not fit',
      largestContext: 121_344,
      proposals: [{ kind: 'layers', layers: [27, 27, 26] }, { kind: 'one node' }],
    })
  })
})

describe('on one node', () => {
  it('a dense model puts feed-forward matrices of its first layers on the host', () => {
    const { proposals } = plan('qwen72b', '-np 1', 16_384, on(gpus(1, 32), 64))
    expect(proposals.map(({ kind, args, hostBytes }) => [kind, args, hostBytes])).toEqual([
      ['offload', { 'override-tensor': 'blk\\.([0-9]|[1-3][0-9]|40)\\.ffn_(up|down|gate|gate_up)\\.=CPU' }, undefined],
    ])
  })

  it('a mixture puts experts there, and says what memory that takes', () => {
    const { proposals } = plan('experts', '-np 1', 16_384, on(gpus(1, 8), 10))
    expect(
      proposals.map(({ kind, args, hostBytes }) => [kind, args, ((hostBytes ?? 0) / GIBIBYTE).toFixed(1)]),
    ).toEqual([['offload', { 'n-cpu-moe': 3 }, '13.5']])
  })

  it('a cache of fewer bits comes before weights on the host', () => {
    expect(brief(plan('grouped', '-np 1', 131_072, on(gpus(1, 5), 16))).proposals).toEqual([
      { kind: 'cache', 'cache-type-k': 'q8_0' },
      { kind: 'offload', 'override-tensor': expect.stringMatching(/^blk/) },
      { kind: 'context', context: 102_912 },
    ])
  })

  it('a job without room for kept prompts keeps fewer, or needs more memory', () => {
    expect(brief(plan('grouped', '-np 1', 8192, on(gpus(1, 32), 4)))).toMatchObject({
      verdict: 'does not fit',
      free: [29.3, -5.2],
      proposals: [
        { kind: 'prompts', 'cache-ram': 2896 },
        { kind: 'memory', hostBytes: 9_848_225_792 },
      ],
    })
    expect(brief(plan('grouped', '-np 1 -cram 0', 8192, on(gpus(1, 32), 1))).proposals).toEqual([
      { kind: 'memory', hostBytes: 1_258_291_200 },
    ])
  })

  it.each([
    ['of unknown size', gpus(1, undefined)],
    ['that are none', []],
  ])('a small model on GPUs %s does not fit for its kept prompts alone, and what helps is told', (_, devices) => {
    const shape = shapeOf({
      ...SIZED_MODELS.grouped,
      layers: 2,
      embedding: 256,
      heads: 4,
      headsKv: 4,
      feedForward: 512,
    })
    const settings = readEngineSettings(['-np', '1'], 2048)
    const small = (host: number) => brief(planModel({ shape, settings, layout: on(devices, host) }))
    expect(small(4)).toMatchObject({
      verdict: 'does not fit',
      proposals: [{ kind: 'prompts', 'cache-ram': expect.any(Number) }, { kind: 'memory' }],
    })
    // Less than the program takes by itself.
    expect(small(1)).toMatchObject({
      verdict: 'does not fit',
      proposals: [{ kind: 'prompts', 'cache-ram': 0, hostBytes: expect.any(Number) }, { kind: 'memory' }],
    })
  })

  it('without GPUs all of it is on the host', () => {
    const found = plan('grouped', '-np 1', 8192, on([], 16))
    expect({ ...brief(found), weights: Math.round(found.host.weights / 2 ** 20) }).toEqual({
      ...{ verdict: 'fits', largestContext: 131_072, layers: [], best: null, proposals: [], weights: 1598 },
      free: [expect.any(Number)],
    })
  })

  it('not knowing is not fitting', () => {
    const { verdict, largestContext, proposals, unknown } = plan(
      'grouped',
      '-np 1',
      8192,
      on(gpus(2, undefined), undefined),
    )
    expect({ verdict, largestContext, proposals, unknown }).toEqual({
      verdict: 'not known',
      largestContext: null,
      proposals: [],
      unknown: [
        'the memory of a GPU: write gpu.memory in the tier',
        'the memory of the job: write slurm.mem in the tier',
      ],
    })
  })

  it('what does not fit is told where the rest is not known', () => {
    expect(plan('qwen72b', '-np 1', 8192, on(gpus(1, 32), undefined)).verdict).toBe('does not fit')
  })
})

it('devices of different size get what they have room for', () => {
  const devices = [...gpus(1, 24), ...gpus(2, 32).slice(1)]
  expect(brief(plan('qwen72b', '-np 1', 12_288, on(devices, 64, [40, 40])))).toMatchObject({
    verdict: 'does not fit',
    largestContext: 8448,
    proposals: [{ kind: 'layers', layers: [34, 46] }],
  })
})

it('the largest context is a whole number of steps for each slot, and fits', () => {
  const layout = on(gpus(1, 5), 16)
  const { largestContext } = plan('grouped', '-np 3', 131_072, layout)
  expect((largestContext ?? 0) % (3 * 256)).toBe(0)
  expect(plan('grouped', '-np 3', largestContext ?? 0, layout).verdict).toBe('fits')
  expect(plan('grouped', '-np 3', (largestContext ?? 0) + 3 * 256, layout).verdict).toBe('does not fit')
})

describe('keys and values of latent attention', () => {
  it.each([
    ['-ctk q8_0', 'keys of q8_0 and values of f16', 'q8_0'],
    ['-ctv q4_0', 'keys of f16 and values of q4_0', 'q4_0'],
    ['-ctk q4_0 -fa off', 'keys of q4_0 and values of f16', 'f16'],
  ])('with %s do not start, and are told what would', (args, found, type) => {
    expect(plan('latent', args, 4096, on(gpus(1, 32), 64)).refused).toEqual({
      found: `${found}, where latent attention takes one type for both`,
      fix: `write cache-type-k: ${type} and cache-type-v: ${type} in args`,
    })
    expect(plan('grouped', args, 4096, on(gpus(1, 32), 64)).refused).toBeNull()
  })

  it('of one type are fine', () => {
    expect(plan('latent', '-ctk q8_0 -ctv q8_0', 4096, on(gpus(1, 32), 64)).refused).toBeNull()
  })
})

it('an encoder takes neither a cache nor kept prompts, and its scores are of a batch with itself', () => {
  const shape = { ...shapeOf(SIZED_MODELS.grouped), isEncoder: true }
  const bare = { ...shape, layers: shape.layers.map(layer => ({ ...layer, headsKv: 0 })) }
  const settings = readEngineSettings('-np 1 -ub 4096 -b 4096 -fa off'.split(' '), 4096)
  const { host, devices } = planModel({ shape: bare, settings, layout: on(gpus(1, 32), 4) })
  expect([host.promptCache, devices[0]?.kv]).toEqual([0, 0])
  expect(devices[0]?.compute).toBeGreaterThan(32 * 4096 * 4096 * 4)
})

describe('models of a router', () => {
  const layout = on(gpus(1, 16), 32)
  const plans = (['grouped', 'experts', 'sliding'] as const).map(name => ({
    name,
    plan: plan(name, '-np 1', 8192, layout),
  }))

  it('are planned for the biggest that are loaded at once', () => {
    expect(planTogether(plans, layout, 2)).toEqual({ models: ['experts', 'sliding'], verdict: 'fits', shortages: [] })
    expect(planTogether(plans, layout, 3)).toEqual({
      models: ['experts', 'sliding', 'grouped'],
      verdict: 'does not fit',
      shortages: expect.any(Array),
    })
  })

  it('keep fewer prompts each where that is what does not fit', () => {
    const found = planTogether(plans, on(gpus(1, 16), 16), 2)
    expect(found).toMatchObject({
      verdict: 'does not fit',
      shortages: [{ where: 'host' }],
      cacheRam: expect.any(Number),
    })
    const each = (found?.cacheRam ?? 0) * 2 ** 20 - 8 * GIBIBYTE
    const total = plans.slice(1).reduce((sum, { plan }) => sum + plan.host.total + each, 0)
    expect([total <= 16 * GIBIBYTE, total + 2 * 2 ** 20 > 16 * GIBIBYTE]).toEqual([true, true])
  })

  it('are not, where there is one at a time', () => {
    expect(planTogether(plans, layout, 1)).toBeUndefined()
    expect(planTogether(plans.slice(0, 1), layout, 3)).toBeUndefined()
  })
})
