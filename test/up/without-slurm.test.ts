import { expect, it } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { ReplicaSpec } from '../../src/domain/replica-spec.ts'
import { toReplicaSpec } from '../../src/scripts/to-replica-spec.ts'
import { defaultConfig, modelName } from '../../src/up/default-config.ts'
import { idOf, jobOf, supervisorOf } from '../../src/up/replica.ts'
import { toLocalReplica, withoutSlurm } from '../../src/up/without-slurm.ts'
import { endpoint } from '../fixtures/endpoint.ts'
import { spec } from '../fixtures/replica-spec.ts'

it('keeps to loopback, under a name of its own', () => {
  const config = { site: 'one', gateway: { name: 'main', networks: ['10.0.0.0/24'], listen: 8080 } }
  expect(withoutSlurm(config)).toEqual({
    site: 'one',
    gateway: { name: 'up_main', networks: ['127.0.0.0/8'], listen: 8080 },
  })
})

it.each<[string, Partial<ReplicaSpec>, boolean, ReplicaSpec['engine']]>([
  ['llama-server where it is', {}, true, 'llama.cpp'],
  ['the demo engine where llama-server is not', {}, false, 'demo'],
  ['a program that the tier names, though it may be missing', { command: '/opt/llama' }, false, 'llama.cpp'],
  ['the demo engine where the tier says so', { engine: 'demo' }, true, 'demo'],
])('runs %s', (_, change, hasLlamaServer, engine) => {
  const replica = toLocalReplica({ ...spec, ...change }, hasLlamaServer)
  expect(replica.spec).toEqual({ ...spec, ...change, engine })
  expect(replica.note !== undefined).toBe(engine === 'demo' && change.engine === undefined)
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
  expect(served && toReplicaSpec(served, 'demo')).toMatchObject({ engine: 'llama.cpp', command: 'llama-server', model })
})

it.each([
  ['/models/OR1-Behemoth-72B-Q4_K_M.gguf', 'OR1-Behemoth-72B-Q4_K_M'],
  ['m of mine.GGUF', 'm-of-mine'],
  ['/models/.hidden', 'hidden'],
  ['/models/.gguf', 'model'],
])('calls the model in %s %s', (file, name) => {
  expect(modelName(file)).toBe(name)
})

it('knows the supervisor that wrote an endpoint file, and that a job of Slurm is none', () => {
  expect(idOf('fast', 23_111, 2)).toBe('fast-23111-2-0')
  expect(supervisorOf({ ...endpoint, job: jobOf(23_111, 2) })).toBe(23_111)
  expect(supervisorOf(endpoint)).toBeUndefined()
})
