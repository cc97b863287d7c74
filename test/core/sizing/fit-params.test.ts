import { describe, expect, it } from 'vitest'
import { readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'
import { compareWithMeasured, fitParamsArgv, parseFitParams } from '../../../src/core/sizing/fit-params.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'
import { shapeOf } from './shape-of.ts'

const MEBIBYTE = 2 ** 20
const settings = readEngineSettings(['-np', '1'], 16_384)
const shape = shapeOf(SIZED_MODELS.grouped)

it.each([
  [
    '0.00.017 I llama_fit_params: printing estimated memory in MiB to stdout (device, model, context, compute) ...\nCUDA0 1462 384 132 \nHost 136 0 48 \n',
    [
      { device: 'CUDA0', weights: 1462 * MEBIBYTE, kv: 384 * MEBIBYTE, compute: 132 * MEBIBYTE },
      { device: 'Host', weights: 136 * MEBIBYTE, kv: 0, compute: 48 * MEBIBYTE },
    ],
  ],
  ['CUDA0 1462 384 132\n', undefined],
  ['error: unknown argument\n', undefined],
  ['', undefined],
])('reads %j, and what it cannot read as no answer', (text, rows) => {
  expect(parseFitParams(text)).toEqual(rows)
})

it('is asked for what was planned, and to change nothing', () => {
  const given = '-np 2 -ub 128 -ctk q8_0 -fa on -ngl 3 -ts 1,2 -nkvo --swa-full -ot blk\\.0=CPU'
  expect(fitParamsArgv('/m.gguf', readEngineSettings(given.split(' '), 8192)).join(' ')).toBe(
    '--model /m.gguf --fit-print on --fit off --no-repack --ctx-size 8192 --parallel 2 --batch-size 2048 --ubatch-size 128 ' +
      '--cache-type-k q8_0 --cache-type-v f16 --flash-attn on --n-gpu-layers 3 --split-mode layer --tensor-split 1,2 ' +
      '--no-kv-offload --swa-full --override-tensor blk\\.0=CPU',
  )
})

describe('its answer', () => {
  const gpu = { name: 'GPU', bytes: 2 ** 34, isRemote: false }
  const rows = parseFitParams('CUDA0 1500 400 150 \nHost 137 0 50 \n') ?? []

  it('is used where it saw as many devices', () => {
    const { check, measured } = compareWithMeasured({
      shape,
      settings,
      layout: { devices: [gpu], layers: undefined, hostBytes: 0 },
      rows,
    })
    expect(check).toMatchObject({
      isUsed: true,
      devices: ['CUDA0'],
      theirs: { weights: 1637 * MEBIBYTE, kv: 400 * MEBIBYTE, compute: 200 * MEBIBYTE },
    })
    expect(Math.round(check.ours.weights / MEBIBYTE)).toBe(1598)
    expect(measured).toMatchObject({
      devices: [{ name: 'GPU', layers: 6, hasOutput: true, weights: 1500 * MEBIBYTE, kv: 400 * MEBIBYTE }],
      host: { weights: 137 * MEBIBYTE, compute: 50 * MEBIBYTE, promptCache: 8 * 2 ** 30 },
    })
  })

  it('only checks the formula where it saw others', () => {
    const layout = { devices: [gpu, { ...gpu, isRemote: true }], layers: [3, 3], hostBytes: 0 }
    const { check, measured } = compareWithMeasured({
      shape,
      settings,
      layout,
      rows: parseFitParams('Host 1598 384 140 \n') ?? [],
    })
    expect(measured).toBeUndefined()
    expect(check).toMatchObject({ isUsed: false, devices: [] })
    expect(Object.values(check.ours).map(bytes => Math.round(bytes / MEBIBYTE))).toEqual([1598, 384, 140])
  })
})
