import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { idOf, jobOf, supervisorOf } from '../../../src/core/domain/local-replica.ts'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { defaultConfig, modelName, tierName } from '../../../src/programs/up/default-config.ts'
import { toLocalReplica, withoutSlurm } from '../../../src/programs/up/without-slurm.ts'
import { endpoint } from '../../support/endpoint.ts'
import { spec } from '../../support/replica-spec.ts'

it('keeps to loopback, under a name of its own', () => {
  const config = { site: 'one', gateway: { name: 'main', networks: ['10.0.0.0/24'], listen: 8080 } }
  expect(withoutSlurm(config)).toEqual({
    site: 'one',
    gateway: { name: 'up_main', networks: ['127.0.0.0/8'], listen: 8080 },
  })
})

it.each<[string, Partial<ReplicaSpec>, boolean, string | undefined]>([
  ['llama-server where it is', {}, true, undefined],
  ['nothing in the place of a llama-server that is not there', {}, false, 'llama-server'],
  ['a program that the tier names, though it may be missing', { command: '/opt/llama' }, false, undefined],
  ['the demo engine where the tier says so', { engine: 'demo' }, false, undefined],
])('runs %s', (_, change, hasLlamaServer, lacks) => {
  expect(toLocalReplica({ ...spec, ...change }, hasLlamaServer)).toEqual({ spec: { ...spec, ...change }, lacks })
})

it('lets every engine take a free port', () => {
  expect(toLocalReplica({ ...spec, port: 8080 }, true).spec).toEqual(spec)
})

it('has a default sluice.yaml that is one without problems', () => {
  const { config, problems } = parseConfig(defaultConfig({ directory: '/tmp/sluice-up-x', port: 8081 }), 'default')
  expect(problems).toEqual([])
  expect(config && toReplicaSpec(config, 'demo')).toMatchObject({ engine: 'demo', shared: '/tmp/sluice-up-x/shared' })
  const model = { name: 'm', file: '/models/m of mine.gguf' }
  const served = parseConfig(defaultConfig({ directory: '/tmp/x', port: 8080, model }), 'default').config
  expect(served && toReplicaSpec(served, 'm')).toMatchObject({ engine: 'llama.cpp', command: 'llama-server', model })
})

it.each([
  ['/models/OR1-Behemoth-72B-Q4_K_M.gguf', 'OR1-Behemoth-72B-Q4_K_M'],
  ['m of mine.GGUF', 'm-of-mine'],
  ['/models/.hidden', 'hidden'],
  ['/models/.gguf', 'model'],
])('calls the model in %s %s', (file, name) => {
  expect(modelName(file)).toBe(name)
})

it.each([
  ['OR1-Behemoth-72B-Q4_K_M', 'or1_behemoth_72b_q4_k_m'],
  ['m', 'm'],
  ['7b', 'model'],
  [`a${'-b'.repeat(40)}`, `a${'_b'.repeat(15)}`],
])('calls the tier of %s %s', (model, tier) => {
  expect(tierName(model)).toBe(tier)
  const config = defaultConfig({ directory: '/tmp/x', port: 8080, model: { name: model, file: '/m.gguf' } })
  expect(parseConfig(config, 'default').problems).toEqual([])
})

it('knows the supervisor that wrote an endpoint file, and that a job of Slurm is none', () => {
  expect(idOf('fast', 23_111, 2)).toBe('fast-23111-2-0')
  expect(supervisorOf({ ...endpoint, job: jobOf(23_111, 2) })).toBe(23_111)
  expect(supervisorOf(endpoint)).toBeUndefined()
})
