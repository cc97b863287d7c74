import { expect, it } from 'vitest'
import { readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'
import { planModel } from '../../../src/core/sizing/plan-model.ts'
import { planText, togetherText } from '../../../src/core/sizing/plan-text.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'
import { shapeOf } from './shape-of.ts'

const GIBIBYTE = 2 ** 30
const device = (name: string, isRemote: boolean) => ({ name, bytes: 32 * GIBIBYTE, isRemote })
const devices = [device('head', false), device('worker 1', true), device('worker 2', true)]
const settings = (text: string) => readEngineSettings(text.split(' '), 131_072)
const shape = shapeOf(SIZED_MODELS.qwen72b)

it('says what fits, and what one node could do', () => {
  const layout = { devices, layers: [26, 27, 27], hostBytes: 40 * GIBIBYTE }
  const plan = planModel({ shape, settings: settings('-b 512 -np 1 -ctk q4_0 --mlock'), layout })
  expect(planText({ name: 'OR1-Behemoth', file: '/m', plan, check: null }, 'layers')).toEqual([
    'OR1-Behemoth (qwen2): 131072 tokens over 1 slot',
    '',
    '  DEVICE    MEMORY    LAYERS       WEIGHTS   KV CACHE  COMPUTE  RESERVED  TOTAL     FREE',
    '  head      32.0 GiB  26           14.0 GiB  8.3 GiB   0.9 GiB  1.0 GiB   24.2 GiB  7.8 GiB',
    '  worker 1  32.0 GiB  27           14.0 GiB  8.6 GiB   0.8 GiB  1.0 GiB   24.4 GiB  7.6 GiB',
    '  worker 2  32.0 GiB  27 + output  15.5 GiB  8.6 GiB   1.0 GiB  1.0 GiB   26.1 GiB  5.9 GiB',
    '',
    '  HOST            WEIGHTS  KV CACHE  COMPUTE  PROMPTS  PROGRAM  TOTAL     FREE      PAGE CACHE',
    '  --mem 40.0 GiB  1.0 GiB  0 MiB     0.7 GiB  8.0 GiB  1.0 GiB  10.6 GiB  29.4 GiB  44.4 GiB',
    '',
    'It fits. The largest context that fits has 131072 tokens, which is what it was trained for.',
    'It locks 1.0 GiB of the host: the limit of locked memory (ulimit -l) must allow it.',
    'The page cache cannot keep the 44.4 GiB of the file: each start reads them again.',
    'The best division of the layers is rpc: { layers: [27, 27, 26] }.',
    '',
    "On the head's node alone it fits with:",
    "  args: { override-tensor: 'blk\\.([0-9]|[1-7][0-9])\\.ffn_(up|down|gate|gate_up)\\.=CPU' }, context: 117248, slurm: { mem: 47G }",
    "    leaves 5 MiB on the fullest GPU; 46.4 GiB of the host; the speed of the host's memory limits the speed of answers",
    '',
    'Not known:',
    '  the host memory of the workers: it is not counted',
    '  whether the engine turns flash attention on (auto): without it, the scores of attention take 16.3 GiB more',
  ])
})

it('says what is missing, and what would help', () => {
  const layout = { devices, layers: [10, 35, 35], hostBytes: undefined }
  const plan = planModel({ shape, settings: settings('-b 512 -np 1 -ctk q4_0'), layout })
  const lines = planText({ name: 'OR1-Behemoth', file: '/m', plan, check: null }, 'layers')
  expect(lines.slice(10, 16)).toEqual([
    'It does not fit: it needs 0.9 GiB more on worker 2. The largest context that fits has 121344 tokens.',
    '',
    'It fits with one of these in the tier:',
    '  rpc: { layers: [27, 27, 26] }',
    '    leaves 6.7 GiB on the fullest GPU; 10.6 GiB of the host; up to 131072 tokens',
    '',
  ])
  expect(planText({ name: 'OR1-Behemoth', file: '/m', plan, check: null }, 'tensor-split')[13]).toBe(
    "  args: { tensor-split: '27,27,27' }",
  )
})

it.each([
  [
    { isUsed: true, devices: ['CUDA0'], ours: [101, 50, 13], theirs: [100, 50, 10] },
    'The numbers are those of llama-fit-params; beside it, the formula has weights +1.0 %, KV +0.0 %, compute +30.0 %.',
  ],
  [
    { isUsed: false, devices: [], ours: [99, 0, 2 ** 30], theirs: [100, 0, 0] },
    'llama-fit-params sees other devices (on the host alone); beside it, the formula has weights −1.0 %, KV the same, compute 1.0 GiB more.',
  ],
])('%j is told', ({ ours, theirs, ...rest }, line) => {
  const use = ([weights = 0, kv = 0, compute = 0]: readonly number[]) => ({ weights, kv, compute })
  const layout = { devices: devices.slice(0, 1), layers: undefined, hostBytes: undefined }
  const plan = planModel({ shape: shapeOf(SIZED_MODELS.grouped), settings: settings('-np 1'), layout })
  const check = { ...rest, ours: use(ours), theirs: use(theirs) }
  expect(planText({ name: 'm', file: '/m', plan, check }, 'layers')).toContain(line)
})

it.each([
  ['fits' as const, [], 'Loaded at once, a and b: they fit.'],
  ['not known' as const, [], 'Loaded at once, a and b: it is not known whether they fit.'],
  [
    'does not fit' as const,
    [
      { where: 'GPU', missing: GIBIBYTE },
      { where: 'host', missing: 2 ** 20 },
    ],
    'Loaded at once, a and b: they need 1.0 GiB more on GPU, 1 MiB more on the host.',
  ],
])('of models that are loaded at once: %s', (verdict, shortages, line) => {
  expect(togetherText({ models: ['a', 'b'], verdict, shortages })).toEqual([line])
})

it('what the engine refuses at its start is told before what it would take', () => {
  const layout = { devices: [device('GPU', false)], layers: undefined, hostBytes: undefined }
  const plan = planModel({ shape: shapeOf(SIZED_MODELS.latent), settings: settings('-np 1 -ctk q8_0'), layout })
  expect(planText({ name: 'm', file: '/m', plan, check: null }, 'layers')).toContain(
    'It does not start: keys of q8_0 and values of f16, where latent attention takes one type for both; write cache-type-k: q8_0 and cache-type-v: q8_0 in args.',
  )
})

it('kept prompts are what goes first, also where the size of the GPU is not known', () => {
  const layout = {
    devices: [{ ...device('GPU', false), bytes: undefined }],
    layers: undefined,
    hostBytes: 4 * GIBIBYTE,
  }
  const plan = planModel({ shape: shapeOf(SIZED_MODELS.grouped), settings: settings('-np 1'), layout })
  const lines = planText({ name: 'm', file: '/m', plan, check: null }, 'tensor-split')
  expect(lines.slice(lines.indexOf('The host has room with one of these in the tier:'))).toEqual([
    'The host has room with one of these in the tier:',
    '  args: { cache-ram: 2776 }',
    '    4.0 GiB of the host; fewer prompts are cached',
    '  slurm: { mem: 10G }',
    '    9.3 GiB of the host',
    '',
    'Not known:',
    '  the memory of a GPU: write gpu.memory in the tier',
    expect.stringMatching(/flash attention/),
  ])
  const short = { models: ['a', 'b'], verdict: 'does not fit' as const, shortages: [{ where: 'host', missing: 1 }] }
  expect(togetherText({ ...short, cacheRam: 512 })[1]).toBe(
    'They fit with args: { cache-ram: 512 } in the tier: fewer prompts are cached.',
  )
})
