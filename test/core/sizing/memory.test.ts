import { describe, expect, it } from 'vitest'
import { readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'
import { type BufferUse, memoryUse } from '../../../src/core/sizing/memory.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'
import { shapeOf } from './shape-of.ts'

type Row = readonly [
  model: keyof typeof SIZED_MODELS,
  devices: number,
  args: string,
  mebibytes: Readonly<Record<string, readonly [weights: number, kv: number, compute: number]>>,
]

/**
 * What llama-fit-params of build 11669 printed for these models, with `-fit off -nr -ngl 999 -np 1 -c 16384` where
 * nothing else is said, on so many RPC workers, the layers divided evenly.
 */
const MEASURED: readonly Row[] = [
  ['qwen72b', 0, '', { Host: [45479, 5120, 393] }],
  ['qwen72b', 1, '', { RPC0: [44505, 5120, 377], Host: [974, 0, 80] }],
  ['qwen72b', 1, '-fa off -np 4', { RPC0: [44505, 5120, 604], Host: [974, 0, 76] }],
  [
    'qwen72b',
    3,
    '-c 131072 -ctk q4_0',
    { RPC0: [14824, 8856, 941], RPC1: [14292, 8856, 861], RPC2: [15388, 8528, 953], Host: [974, 0, 672] },
  ],
  [
    'qwen72b',
    3,
    '-ub 128 -c 131072 -ctk q4_0 -fa off',
    { RPC0: [14824, 8856, 4420], RPC1: [14292, 8856, 4400], RPC2: [15388, 8528, 4400], Host: [974, 0, 300] },
  ],
  ['qwen72b', 1, '-ncffn 40', { RPC0: [26025, 5120, 377], Host: [19454, 0, 221] }],
  ['qwen72b', 1, '-ngl 40', { RPC0: [22240, 2496, 313], Host: [23239, 2624, 269] }],
  ['grouped', 0, '-fa off', { Host: [1598, 384, 1108] }],
  ['grouped', 1, '', { RPC0: [1462, 384, 132], Host: [136, 0, 48] }],
  ['grouped', 3, '', { RPC0: [663, 192, 276], RPC1: [442, 128, 236], RPC2: [357, 64, 228], Host: [136, 0, 144] }],
  ['grouped', 1, '-c 1000 -np 3', { RPC0: [1462, 36, 116], Host: [136, 0, 32] }],
  [
    'grouped',
    3,
    '-ctk q8_0 -ctv q8_0 -np 4',
    { RPC0: [663, 102, 220], RPC1: [442, 68, 180], RPC2: [357, 34, 180], Host: [136, 0, 96] },
  ],
  ['grouped', 3, '-sm none -mg 1', { RPC1: [1462, 384, 132], Host: [136, 0, 48] }],
  ['grouped', 1, '-nkvo', { RPC0: [1462, 0, 132], Host: [136, 384, 48] }],
  ['words', 1, '-ub 2048', { RPC0: [1858, 384, 1194], Host: [532, 0, 192] }],
  ['words', 3, '-ngl 4', { RPC0: [442, 128, 116], RPC1: [221, 64, 100], RPC2: [532, 0, 258], Host: [1195, 192, 140] }],
  ['narrow', 0, '-c 65536', { Host: [680, 1536, 120] }],
  ['narrow', 3, '', { RPC0: [204, 192, 200], RPC1: [136, 128, 160], RPC2: [204, 64, 212], Host: [136, 0, 144] }],
  ['experts', 1, '', { RPC0: [8959, 384, 216], Host: [136, 0, 48] }],
  ['experts', 1, '-cmoe', { RPC0: [391, 384, 112], Host: [8704, 0, 200] }],
  [
    'experts',
    3,
    '-ncmoe 3',
    { RPC0: [127, 192, 64], RPC1: [2941, 128, 208], RPC2: [1606, 64, 184], Host: [4420, 0, 200] },
  ],
  ['perLayer', 1, '', { RPC0: [1460, 368, 132], Host: [136, 0, 48] }],
  ['perLayer', 1, '-fa off', { RPC0: [1460, 568, 1104], Host: [136, 0, 72] }],
  ['perLayer', 3, '', { RPC0: [652, 112, 276], RPC1: [450, 192, 236], RPC2: [357, 64, 228], Host: [136, 0, 144] }],
  ['latent', 0, '', { Host: [1767, 108, 136] }],
  ['latent', 1, '-fa off', { RPC0: [1631, 108, 1168], Host: [136, 0, 64] }],
  ['latent', 3, '-np 4', { RPC0: [690, 54, 223], RPC1: [536, 36, 184], RPC2: [404, 18, 175], Host: [136, 0, 96] }],
  ['sliding', 0, '', { Host: [3332, 376, 193] }],
  ['sliding', 1, '-np 4', { RPC0: [3332, 736, 165], Host: [272, 0, 37] }],
  ['sliding', 1, '-fa off', { RPC0: [3332, 376, 1115], Host: [272, 0, 83] }],
  ['sliding', 1, '--swa-full -ub 128', { RPC0: [3332, 1536, 50], Host: [272, 0, 16] }],
  ['sliding', 3, '', { RPC0: [1275, 60, 230], RPC1: [1020, 164, 254], RPC2: [1037, 152, 270], Host: [272, 0, 150] }],
]

describe('the buffers of llama.cpp', () => {
  it.each(MEASURED)(
    'are planned as measured, and never too small: %s on %d devices, %s',
    (model, count, args, measured) => {
      const { ours, theirs } = compared([model, count, args, measured])
      expect(Object.keys(ours)).toEqual(Object.keys(theirs).sort())
      for (const [name, [weights = 0, kv = 0, compute = 0]] of Object.entries(theirs)) {
        const use = ours[name] ?? { weights: 0, kv: 0, compute: 0 }
        expect({ name, weights: near(use.weights, weights), kv: near(use.kv, kv) }).toEqual({ name, weights, kv })
        // Never too little: a plan that fits must fit.
        expect(use.compute).toBeGreaterThan(compute - 1)
      }
      expect(
        sumOf(ours) / sumOf(Object.fromEntries(Object.entries(theirs).map(([name, row]) => [name, useOf(row)]))),
      ).toBeLessThan(1.03)
    },
  )
})

function compared([model, count, args, theirs]: Row) {
  const given = args.split(' ').filter(Boolean)
  const context = given.includes('-c') ? Number(given[given.indexOf('-c') + 1]) : 16_384
  const settings = readEngineSettings(given.includes('-np') ? given : [...given, '-np', '1'], context)
  const devices = Array.from({ length: count }, (_, index) => ({
    name: `RPC${index}`,
    bytes: undefined,
    isRemote: true,
  }))
  const use = memoryUse(shapeOf(SIZED_MODELS[model]), settings, { devices, layers: undefined, hostBytes: undefined })
  const all = [...use.devices, { ...use.host, name: 'Host' }].filter(one => one.weights + one.kv + one.compute > 0)
  const ours = all.map(({ name, weights, kv, compute }) => [
    name,
    useOf([weights, kv, compute].map(bytes => bytes / 2 ** 20)),
  ])
  return { theirs, ours: Object.fromEntries(ours.sort()) as Readonly<Record<string, BufferUse>> }
}

function useOf([weights = 0, kv = 0, compute = 0]: readonly number[]): BufferUse {
  return { weights, kv, compute }
}

function sumOf(uses: Readonly<Record<string, BufferUse>>): number {
  return Object.values(uses).reduce((sum, { weights, kv, compute }) => sum + weights + kv + compute, 0)
}

/** It prints whole mebibytes. */
function near(value: number, whole: number): number {
  return Math.abs(value - whole) <= 1 ? whole : value
}
