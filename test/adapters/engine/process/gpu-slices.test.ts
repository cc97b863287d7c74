import { expect, it } from 'vitest'
import { gpuSlices, masksInForce } from '../../../../src/adapters/engine/process/gpu-slices.ts'

it('each engine gets its own GPUs, whatever their numbers and names', () => {
  expect(gpuSlices({ CUDA_VISIBLE_DEVICES: '4,5,6,7' }, 2, 2)).toEqual({
    slices: [{ CUDA_VISIBLE_DEVICES: '4,5' }, { CUDA_VISIBLE_DEVICES: '6,7' }],
  })
  expect(gpuSlices({ CUDA_VISIBLE_DEVICES: 'GPU-8a56,MIG-41b3', PATH: '/bin' }, 2, 1)).toEqual({
    slices: [{ CUDA_VISIBLE_DEVICES: 'GPU-8a56' }, { CUDA_VISIBLE_DEVICES: 'MIG-41b3' }],
  })
})

it('every variable that Slurm set is divided', () => {
  const env = { CUDA_VISIBLE_DEVICES: '0,1', ZE_AFFINITY_MASK: '2,3', ROCR_VISIBLE_DEVICES: '' }
  expect(gpuSlices(env, 2, 1)).toEqual({
    slices: [
      { CUDA_VISIBLE_DEVICES: '0', ZE_AFFINITY_MASK: '2' },
      { CUDA_VISIBLE_DEVICES: '1', ZE_AFFINITY_MASK: '3' },
    ],
  })
})

const rocm = (lowest: string, above: string) => ({ ROCR_VISIBLE_DEVICES: lowest, HIP_VISIBLE_DEVICES: above })

it.each([
  [rocm('0,1', '0,1'), 1, [rocm('0', '0'), rocm('1', '0')]],
  [rocm('4,5,6,7', '0,1,2,3'), 2, [rocm('4,5', '0,1'), rocm('6,7', '0,1')]],
  // Slurm's absolute numbers in both.
  [rocm('4,5', '4,5'), 1, [rocm('4', '0'), rocm('5', '0')]],
  [rocm('0,1,2,3', '2,3'), 1, [rocm('2', '0'), rocm('3', '0')]],
  [rocm('GPU-a,GPU-b', '0,1'), 1, [rocm('GPU-a', '0'), rocm('GPU-b', '0')]],
  [rocm('0,1', 'GPU-a,GPU-b'), 1, [rocm('0', 'GPU-a'), rocm('1', 'GPU-b')]],
])("above ROCr's mask the others count within what it left: %j", (env, each, slices) => {
  expect(gpuSlices(env, 2, each)).toEqual({ slices })
})

it('so does each that is set', () => {
  const env = { ...rocm('0,1', '0,1'), CUDA_VISIBLE_DEVICES: '0,1', GPU_DEVICE_ORDINAL: '0,1' }
  const rest = { HIP_VISIBLE_DEVICES: '0', CUDA_VISIBLE_DEVICES: '0', GPU_DEVICE_ORDINAL: '0' }
  expect(gpuSlices(env, 2, 1)).toEqual({
    slices: ['0', '1'].map(one => ({ ROCR_VISIBLE_DEVICES: one, ...rest })),
  })
})

it("AMD's masks do not count where the GPUs are another's", () => {
  const env = { CUDA_VISIBLE_DEVICES: '0,1', ROCR_VISIBLE_DEVICES: '0,1', GPU_DEVICE_ORDINAL: '0,1' }
  expect(masksInForce(env, true)).toBe(env)
  expect(masksInForce(env, false)).toEqual({ CUDA_VISIBLE_DEVICES: '0,1' })
  expect(masksInForce(rocm('0', '0'), false)).toEqual(rocm('0', '0'))
})

it.each([
  [{}, "the job's GPUs are not known (CUDA_VISIBLE_DEVICES is not set)"],
  [{ CUDA_VISIBLE_DEVICES: '2,3,5' }, 'CUDA_VISIBLE_DEVICES names 3 GPUs (2,3,5), and it needs 2 × 2'],
])('%j cannot be divided among 2 engines of 2', (env, problem) => {
  expect(gpuSlices(env, 2, 2)).toEqual({ problem })
})
