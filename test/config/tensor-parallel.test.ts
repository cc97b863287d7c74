import { expect, test } from 'vitest'
import { TIER } from './example.ts'
import { problemsOf } from './problems-of.ts'

const tier = (keys: string) => problemsOf(`${TIER}    model: { name: m, file: /m.gguf }\n${keys}`)

test.each([
  ['    tensorParallel: 4\n    slurm: { gpus: 8 }\n', []],
  [
    '    tensorParallel: 3\n    slurm: { gpus: 8 }\n',
    [
      '10:21: Cannot use tiers.fast.tensorParallel: 3 does not divide the 8 GPUs of a node (slurm.gpus); write a divisor of slurm.gpus',
    ],
  ],
  [
    '    tensorParallel: 1\n    slurm: { gpus: 0 }\n',
    [
      '10:21: Cannot use tiers.fast.tensorParallel: 1 does not divide the 0 GPUs of a node (slurm.gpus); write a divisor of slurm.gpus',
    ],
  ],
  [
    '    tensorParallel: 1\n    rpc: { workers: 1 }\n    slurm: { nodes: 2 }\n',
    ['10:5: Cannot use tiers.fast.tensorParallel: over RPC there is one engine, with all GPUs; leave it out'],
  ],
])('%j', (keys, problems) => {
  expect(tier(keys)).toEqual(problems)
})
