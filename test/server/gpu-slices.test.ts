import { expect, test } from 'vitest'
import { gpuSlices } from '../../src/server/gpu-slices.ts'

test('each engine gets its own GPUs, whatever their numbers and names', () => {
  expect(gpuSlices({ CUDA_VISIBLE_DEVICES: '4,5,6,7' }, 2, 2)).toEqual({
    slices: [{ CUDA_VISIBLE_DEVICES: '4,5' }, { CUDA_VISIBLE_DEVICES: '6,7' }],
  })
  expect(gpuSlices({ CUDA_VISIBLE_DEVICES: 'GPU-8a56,MIG-41b3', PATH: '/bin' }, 2, 1)).toEqual({
    slices: [{ CUDA_VISIBLE_DEVICES: 'GPU-8a56' }, { CUDA_VISIBLE_DEVICES: 'MIG-41b3' }],
  })
})

test('every variable that Slurm set is divided', () => {
  const env = { CUDA_VISIBLE_DEVICES: '0,1', ROCR_VISIBLE_DEVICES: '0,1', ZE_AFFINITY_MASK: '' }
  expect(gpuSlices(env, 2, 1)).toEqual({
    slices: ['0', '1'].map(one => ({ CUDA_VISIBLE_DEVICES: one, ROCR_VISIBLE_DEVICES: one })),
  })
})

test.each([
  [{}, "nothing says which GPUs are the job's (CUDA_VISIBLE_DEVICES is not set)"],
  [{ CUDA_VISIBLE_DEVICES: '2,3,5' }, 'CUDA_VISIBLE_DEVICES names 3 GPUs (2,3,5), and it takes 2 × 2'],
])('%j cannot be divided among 2 engines of 2', (env, problem) => {
  expect(gpuSlices(env, 2, 2)).toEqual({ problem })
})
