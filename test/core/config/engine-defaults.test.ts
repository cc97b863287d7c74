import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'

const SITE = 'site: a\nshared: /s\nruntime: /r\ngateway: { networks: [10.0.0.0/24] }\n'
const CUSTOM = 'engine: custom, path: /, command: x, custom: { args: ["{port}"] }, model: { name: m, file: /m }'
const LLAMA = 'engine: llama.cpp, path: /, model: { name: m, file: /m.gguf }'

it.each([
  [CUSTOM, 0],
  [`${CUSTOM}, slurm: { mem: 1G }`, 0],
  [`${CUSTOM}, slurm: { gpus: 2 }`, 2],
  [`${CUSTOM}, tensorParallel: 1`, 1],
  [LLAMA, 1],
])('{ %s } asks for %i GPUs', (tier, gpus) => {
  const { config, problems } = parseConfig(`${SITE}tiers: { t: { ${tier} } }`, 'sluice.yaml')
  expect(problems).toEqual([])
  expect(config?.tiers['t']?.slurm.gpus).toBe(gpus)
})
