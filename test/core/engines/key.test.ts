import { expect, it } from 'vitest'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

const own = { args: [], healthPath: '/health', serves: ['chat'] }

it.each<[EngineName, Partial<ReplicaSpec>, unknown]>([
  ['llama.cpp', {}, { variable: 'LLAMA_API_KEY' }],
  ['vllm', {}, { variable: 'VLLM_API_KEY' }],
  ['tei', {}, { variable: 'API_KEY' }],
  ['demo', {}, { variable: 'SLUICE_ENGINE_KEY' }],
  ['custom', { custom: { ...own, keyVariable: 'MY_KEY' } }, { variable: 'MY_KEY' }],
  ['custom', { custom: own }, undefined],
])('%s is told its key by its environment', (name, change, channel) => {
  expect(ENGINES[name].key({ ...spec, engine: name, ...change })).toEqual(channel)
})

it('sglang is told its key by a file, which alone its arguments name', () => {
  const channel = ENGINES.sglang.key(spec)
  if (channel === undefined || 'variable' in channel) throw new Error('not by a file')
  expect(channel.text('k'.repeat(32))).toBe(`api-key: "${'k'.repeat(32)}"\n`)
  expect(channel.argv('/tmp/s/sglang.yaml')).toEqual(['--config', '/tmp/s/sglang.yaml'])
  // It takes no other ending.
  expect(channel.fileName).toMatch(/\.ya?ml$/)
})

it.each(Object.entries(ENGINES))('%s inherits no key from whoever starts Sluice', (name, engine) => {
  const channel = engine.key({ ...spec, engine: name as EngineName })
  if (channel !== undefined && 'variable' in channel) expect(channel.variable).not.toMatch(engine.keepsEnvironment)
})
