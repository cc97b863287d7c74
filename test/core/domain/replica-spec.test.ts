import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engineEnvironment } from '../../../src/adapters/engine/process/engine-environment.ts'
import { formatReplicaSpec, parseReplicaSpec, type ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

/** A spec of each form that job scripts were ever rendered with, as the Sluice of that day rendered it, oldest first. */
const directory = join(import.meta.dirname, 'golden/replica-specs')
const names = readdirSync(directory).filter(name => /^\d\d-[a-z-]+\.json$/.test(name))
const read = (name: string) => readFileSync(join(directory, name), 'utf8')

describe('a spec of an older job script', () => {
  it.each(names)('%s starts the same engine', async name => {
    const parsed = parseReplicaSpec(read(name))
    expect(parsed).toEqual({ spec: JSON.parse(read(name)) })
    if (!('spec' in parsed)) return
    const launch = `${JSON.stringify(launchOf(parsed.spec), null, 2)}\n`
    await expect(launch).toMatchFileSnapshot(join(directory, name.replace('.json', '.launch')))
  })
})

it('is read as it was written, without keys that are not known', () => {
  expect(parseReplicaSpec(formatReplicaSpec(spec))).toEqual({ spec })
  expect(parseReplicaSpec(JSON.stringify({ ...spec, colour: 'blue' }))).toEqual({ spec })
})

const RENDER = '; start it from a script of `sluice render`'
const { site: _, ...withoutSite } = spec

it.each<[string, unknown, string]>([
  ['that is empty', '', `it is empty${RENDER}`],
  ['that is not JSON', '{"version":1,', `it is not JSON${RENDER}`],
  ['that is a list', [], `it is a list, not an object${RENDER}`],
  ['without a key', withoutSite, `it lacks site${RENDER}`],
  [
    'with two keys alone',
    { version: 1, engine: 'vllm' },
    `it lacks command, args, env, site, shared, tier, networks, beatSeconds, loadTimeoutSeconds, signalLeadSeconds${RENDER}`,
  ],
  ['of a newer version', { version: 2 }, 'version 2 is newer than this sluice understands (1); update it here'],
  ['of a version that is text', { ...spec, version: '1' }, `version is "1", not 1${RENDER}`],
  [
    'of an engine that is not known',
    { ...spec, engine: 'mlc' },
    `engine is "mlc", not one of llama.cpp, vllm, sglang, tei, custom, demo${RENDER}`,
  ],
  [
    'with values of other types',
    { ...spec, args: '--threads 8', model: { name: 'm', file: 1 } },
    `args is "--threads 8", not a list; model.file is 1, not text${RENDER}`,
  ],
  [
    'with a path that a script does not show on one line',
    { ...spec, env: { 'A\nB': 1 }, container: null },
    `env."A\\nB" is 1, not text; container is null, not an object${RENDER}`,
  ],
  [
    'with names and paths that lead elsewhere',
    { ...spec, tier: '../x', site: 'One', shared: '' },
    `site is "One", not a name of lower-case letters, digits and underscores; shared is "", not an absolute path; tier is "../x", not a name of lower-case letters, digits and underscores${RENDER}`,
  ],
  ['with a port below 1', { ...spec, port: -5 }, `port is -5, not a number of at least 1${RENDER}`],
  ['with a port that is none', { ...spec, port: 65_536 }, `port is 65536, not a number of at most 65535${RENDER}`],
  ['without endpoints', { ...spec, endpoints: 0 }, `endpoints is 0, not a number of at least 1${RENDER}`],
  ['with half an endpoint', { ...spec, endpoints: 1.5 }, `endpoints is 1.5, not a whole number${RENDER}`],
  [
    'with times that cannot be',
    { ...spec, beatSeconds: 0, loadTimeoutSeconds: -1, signalLeadSeconds: -1 },
    `beatSeconds is 0, not a number above 0; loadTimeoutSeconds is -1, not a number above 0; signalLeadSeconds is -1, not a number of at least 0${RENDER}`,
  ],
])('is a problem in one sentence: %s', (__, value, problem) => {
  expect(parseReplicaSpec(typeof value === 'string' ? value : JSON.stringify(value))).toEqual({ problem })
})

/** What starts the spec's engine, and how it is asked. */
function launchOf(spec: ReplicaSpec) {
  const engine = ENGINES[spec.engine]
  const at = { address: '10.0.0.12', port: 40_000, ...(engine.makesSockets ? { sockets: '/scratch/sockets' } : {}) }
  const rendezvous = { address: '10.0.0.12', port: 40_001 }
  const placement = {
    layers: spec.rpc?.layers,
    headDevices: ['CUDA0'],
    workers: [1, 2].map(node => ({ address: `10.0.0.${node}`, port: spec.rpc?.port ?? 0, devices: 1 })),
  }
  const argv =
    spec.ranks !== undefined
      ? [0, 1].map(rank => engine.argv(spec, { ...at, rank: { rank, rendezvous } }))
      : [engine.argv(spec, spec.rpc === undefined ? at : { ...at, placement })]
  const { health, models, load } = engine.paths(spec)
  return {
    commands: argv.map(words => [spec.command, ...words].join(' ')),
    environment: engineEnvironment(engine, { PATH: '/usr/bin', SECRET: 'stays' }, spec.env),
    ...{
      serves: engine.serves(spec),
      key: engine.key(spec),
      needs: engine.needs(spec),
      paths: { health, models, load },
    },
    load: engine.readLoad(spec, 'my_running 3\nmy_kv 0.5\nllamacpp:requests_processing 2\nvllm:num_requests_running 1'),
  }
}
