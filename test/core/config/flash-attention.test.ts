import { describe, expect, it } from 'vitest'
import { TIER } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

const tier = (args: string, keys = '') =>
  problemsOf(`${TIER}    model: { name: m, file: /m.gguf }\n    args: ${args}\n${keys}`)
const VOLTA = '    gpu: { arch: sm70 }\n'
const F16 = (name: string) =>
  `write f16, beside cache-type-k: q4_0 for a small cache (f16 for both where attention is latent, as DeepSeek's is), or allow: [${name}] in the tier where your build can do it`
const OFF = 'write flash-attn: off, or allow: [flash-attn-on-sm70] in the tier where your build can do it'

describe('a quantized V cache', () => {
  it.each([
    ['{ cache-type-v: q4_0 }', []],
    ['{ cache-type-v: q4_0, flash-attn: on }', []],
    ['{ cache-type-v: f16, flash-attn: off }', []],
    ['{ cache-type-k: q4_0, flash-attn: off }', []],
    ['{ -ctv: bf16, -fa: off }', []],
    [
      '{ cache-type-v: q4_0, flash-attn: false }',
      ['10:27: Cannot use tiers.fast.args.cache-type-v: q4_0 needs flash attention, and flash-attn is off; '],
    ],
    [
      '{ cache-type-v: q4_0, flash-attn: off }',
      ['10:27: Cannot use tiers.fast.args.cache-type-v: q4_0 needs flash attention, and flash-attn is off; '],
    ],
    [
      '{ cache_type_v: iq4_nl, flash_attn: off }',
      ['10:27: Cannot use tiers.fast.args.cache_type_v: iq4_nl needs flash attention, and flash-attn is off; '],
    ],
    [
      '[-fa, off, -ctv, q8_0]',
      ['10:28: Cannot use tiers.fast.args[3]: q8_0 needs flash attention, and flash-attn is off; '],
    ],
    [
      '[-fa, "on", -fa, off, { -ctv: q5_1 }]',
      ['10:41: Cannot use tiers.fast.args[4].-ctv: q5_1 needs flash attention, and flash-attn is off; '],
    ],
    ['[--flash-attn, off, --cache-type-v]', []],
  ])('is refused where flash attention may be off: %s', (args, problems) => {
    expect(tier(args)).toEqual(problems.map(problem => problem + F16('quantized-v-without-flash-attn')))
  })
})

describe('flash attention on sm70', () => {
  it.each([
    ['{}', []],
    ['{ flash-attn: auto }', []],
    ['{ flash-attn: off, cache-type-k: q4_0 }', []],
    ['{ flash-attn: on }', [`10:25: Cannot use tiers.fast.args.flash-attn: flash attention crashes on sm70; ${OFF}`]],
    [
      '[--flash-attn]',
      ['10:12: Cannot use tiers.fast.args[0]: --flash-attn has no value; write flash-attn: on, off or auto'],
    ],
    [
      '{ cache-type-v: q4_0 }',
      [
        `10:27: Cannot use tiers.fast.args.cache-type-v: q4_0 needs flash attention, which crashes on sm70; ${F16('flash-attn-on-sm70')}`,
      ],
    ],
    [
      '{ -fa: on, -ctv: q8_0 }',
      [
        `10:18: Cannot use tiers.fast.args.-fa: flash attention crashes on sm70; ${OFF}`,
        `10:28: Cannot use tiers.fast.args.-ctv: q8_0 needs flash attention, which crashes on sm70; ${F16('flash-attn-on-sm70')}`,
      ],
    ],
  ])('is refused where it is on: %s', (args, problems) => {
    expect(tier(args, VOLTA)).toEqual(problems)
  })

  it('is no matter of other GPUs', () => {
    expect(tier('{ flash-attn: on, cache-type-v: q4_0 }', '    gpu: { arch: sm80 }\n')).toEqual([])
    expect(tier('{ flash-attn: on }', '    gpu: { arch: sm_70 }\n')).toHaveLength(1)
  })
})

describe('allow', () => {
  it('overrides the refusal of its name, and no other', () => {
    expect(tier('{ flash-attn: on, cache-type-v: q4_0 }', `${VOLTA}    allow: [flash-attn-on-sm70]\n`)).toEqual([])
    expect(tier('{ flash-attn: off, cache-type-v: q4_0 }', `    allow: [quantized-v-without-flash-attn]\n`)).toEqual([])
    expect(tier('{ flash-attn: on }', `${VOLTA}    allow: [quantized-v-without-flash-attn]\n`)).toHaveLength(1)
  })

  it('has names that there are', () => {
    expect(tier('{}', '    allow: [flash-attn-on-sm7]\n')).toEqual([
      '11:13: Cannot use tiers.fast.allow[0]: "flash-attn-on-sm7"; did you mean "flash-attn-on-sm70"',
    ])
    expect(tier('{}', '    allow: [everything]\n')).toEqual([
      '11:13: Cannot use tiers.fast.allow[0]: "everything"; choose "flash-attn-on-sm70", "quantized-v-without-flash-attn", "layers-that-do-not-add-up", "mem-below-locked-weights" or "braces-of-its-own"',
    ])
  })
})
