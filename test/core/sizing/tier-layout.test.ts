import { expect, it } from 'vitest'
import { layoutOf } from '../../../src/core/sizing/tier-layout.ts'

const GIBIBYTE = 2 ** 30
const device = (name: string, isRemote = false) => ({ name, bytes: 32 * GIBIBYTE, isRemote })
const gpu = { memory: '32G' }

it.each([
  [
    { gpu, slurm: { gpus: 1, mem: '64G' } },
    { devices: [device('GPU')], layers: undefined, hostBytes: 64 * GIBIBYTE },
  ],
  [
    { slurm: { gpus: 2, mem: '0' } },
    {
      devices: [0, 1].map(index => ({ name: `GPU ${index}`, bytes: undefined, isRemote: false })),
      layers: undefined,
      hostBytes: undefined,
    },
  ],
  [{ slurm: { gpus: 0, mem: '4096' } }, { devices: [], layers: undefined, hostBytes: 4 * GIBIBYTE }],
  [
    { gpu, slurm: { gpus: 1 }, rpc: { workers: 2, layers: [26, 27, 27] } },
    {
      devices: [device('head'), device('worker 1', true), device('worker 2', true)],
      layers: [26, 27, 27],
      hostBytes: undefined,
    },
  ],
  [
    { gpu, slurm: { gpus: 2 }, rpc: { workers: 1, layers: [5, 4] } },
    {
      devices: [device('head 0'), device('head 1'), device('worker 1 0', true), device('worker 1 1', true)],
      layers: [3, 2, 2, 2],
      hostBytes: undefined,
    },
  ],
  [
    { gpu, slurm: { gpus: 1, mem: '8G' }, rpc: { workers: 1 } },
    { devices: [device('worker 1', true), device('head')], layers: undefined, hostBytes: 8 * GIBIBYTE },
  ],
])('of %j', (tier, layout) => {
  expect(layoutOf(tier)).toEqual(layout)
})
