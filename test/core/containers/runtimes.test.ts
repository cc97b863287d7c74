import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { engineEnvironment } from '../../../src/adapters/engine/process/engine-environment.ts'
import { environments } from '../../../src/core/containers/environments.ts'
import type { ContainerOrder, Mount } from '../../../src/core/containers/runtime.ts'
import { RUNTIMES } from '../../../src/core/containers/runtimes.ts'
import type { ContainerSpec, ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

type Runtime = keyof typeof RUNTIMES

const IMAGES: Readonly<Record<Runtime, Readonly<Record<string, string>>>> = {
  apptainer: { vllm: '/cluster/images/vllm.sif', 'llama.cpp': '/cluster/images/llama', tei: '/cluster/images/tei.sif' },
  shifter: { vllm: 'vllm/vllm-openai:v0.11.0', 'llama.cpp': 'ggml-org/llama.cpp:server-cuda', tei: 'hf/tei:1.9' },
  'podman-hpc': { vllm: 'vllm/vllm-openai:v0.11.0', 'llama.cpp': 'ggml-org/llama.cpp:server', tei: 'hf/tei:1.9' },
  pyxis: { vllm: 'nvcr.io#nvidia/vllm:25.09-py3', 'llama.cpp': '/cluster/images/llama.sqsh', tei: 'hf/tei:1.9' },
}

const SPECS: Readonly<Record<string, ReplicaSpec>> = {
  vllm: {
    ...spec,
    ...{ engine: 'vllm', command: 'vllm', model: { name: 'gpt-oss', file: '/models/gpt-oss' }, tensorParallel: 4 },
    env: { VLLM_LOGGING_LEVEL: 'WARNING', PATH: '/opt/vllm/bin:/usr/bin:/bin', EMPTY: '' },
  },
  'llama.cpp': { ...spec, model: { name: 'm', file: '/models/m.gguf' }, args: ['--threads', '8'] },
  tei: { ...spec, engine: 'tei', command: 'text-embeddings-router', model: { name: 'bge', file: '/models/bge' } },
}

/** What the job and Slurm say on the node; the key stands for anything that is secret. */
const JOB = {
  ...{ PATH: '/usr/bin:/bin', HOME: '/home/ai', USER: 'ai', LANG: 'de_DE.UTF-8', TMPDIR: '/local/4242' },
  ...{
    SLURM_JOB_ID: '4242',
    SLURM_SPANK_SHIFTER_IMAGE: 'other',
    SHIFTER_IMAGE: 'other',
    PYXIS_CONTAINER_IMAGE: 'other',
  },
  ...{ SCRATCH: '/pscratch/ai', LD_LIBRARY_PATH: '/opt/cuda/lib64' },
}
const KEY = { VLLM_API_KEY: 'hidden', CUDA_VISIBLE_DEVICES: '4,5,6,7', SLUICE_ENDPOINT: 'fast-4242-0-1' }

const MOUNTS: readonly Mount[] = [
  { source: '/scratch/cache', target: '/cache', isReadOnly: false },
  { source: '/models', target: '/models', isReadOnly: true },
]

function mountsOf({ engine }: ReplicaSpec): readonly Mount[] {
  const sockets = { source: SOCKETS, target: SOCKETS, isReadOnly: false }
  return ENGINES[engine].makesSockets ? [...MOUNTS, sockets] : MOUNTS
}

function contained(name: Runtime, engine: string, container: Partial<ContainerSpec> = {}) {
  const own = SPECS[engine] ?? spec
  const order: Omit<ContainerOrder, 'inside' | 'outside'> = {
    container: {
      ...{ runtime: name, image: IMAGES[name][engine] ?? '', mounts: [], args: [], gpus: 'nvidia' },
      ...container,
    },
    ...{ command: own.command, mounts: mountsOf(own), asked: own.env, name: 'sluice-fast-4242-0-1' },
    ...{ scratch: '/tmp/sluice-fast/container', node: 'vasp-02', cpus: 16 },
  }
  const env = { ...engineEnvironment(ENGINES[own.engine], JOB, own.env), ...KEY }
  const divided = environments(RUNTIMES[name], { engine: env, asked: own.env, job: JOB })
  return RUNTIMES[name].contain({ ...order, ...divided })
}

const SOCKETS = '/tmp/sluice-fast/sockets'
const AT = { address: '10.0.0.12', port: 8080, sockets: SOCKETS }

describe.each(Object.keys(RUNTIMES) as Runtime[])('%s', name => {
  it.each(Object.keys(SPECS))('starts %s by exactly this', async engine => {
    const { words, env, cleanUp, termMs } = contained(name, engine)
    const argv = ENGINES[(SPECS[engine] ?? spec).engine].argv(SPECS[engine] ?? spec, AT)
    const text = [
      ...['# the command, a word a line', ...[...words, ...argv].map(word => word.trim().replaceAll('\n', '\n  '))],
      ...['', '# its environment', ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
      ...['', `# after a KILL: ${cleanUp === undefined ? 'nothing' : JSON.stringify(cleanUp)}`],
      ...[`# asked to end by TERM: ${termMs === undefined ? 'as the engine is' : `${termMs} ms`}`, ''],
    ].join('\n')
    const golden = new URL(`golden/${name}-${engine}.txt`, import.meta.url)
    if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(golden, text)
    expect(text).toBe(await readFile(golden, 'utf8'))
  })

  it('shows no secret to who lists processes, and hands it to the engine all the same', () => {
    const { words, env, cleanUp } = contained(name, 'vllm')
    expect([...words, ...(cleanUp ?? [])].join(' ')).not.toContain('hidden')
    expect(Object.values(env)).toContain('hidden')
  })

  it('hears nothing of what the job says of another image', () => {
    const { words, env } = contained(name, 'vllm')
    expect([...words, ...Object.values(env)].filter(word => word.includes('other'))).toEqual([])
  })

  it.each([
    ['amd', { apptainer: '--rocm', shifter: undefined, 'podman-hpc': '/dev/kfd', pyxis: undefined }],
    ['nvidia', { apptainer: '--nv', shifter: '--module=gpu', 'podman-hpc': '--gpu', pyxis: undefined }],
    [undefined, { apptainer: undefined, shifter: '--module=none', 'podman-hpc': undefined, pyxis: undefined }],
  ] as const)('with GPUs of %s says so, and nothing else', (gpus, expected) => {
    const { gpus: _, ...none } = { gpus: 'nvidia', runtime: name, image: '/i', mounts: [], args: [] } as const
    const order = gpus === undefined ? none : { ...none, gpus }
    const { words } = RUNTIMES[name].contain({
      ...{ container: order, command: 'x', mounts: [], inside: {}, asked: {}, outside: {} },
      ...{ name: 'n', scratch: '/s', node: 'v', cpus: 1 },
    })
    const said = words.filter(word => /^--(nv|rocm|gpu|module=.*)$|^\/dev\/kfd$/.test(word))
    expect(said).toEqual(expected[name] === undefined ? [] : [expected[name]])
  })
})

it('keeps what is the node’s out of the image, unless the tier says so', () => {
  const { inside } = environments(RUNTIMES.apptainer, {
    engine: { PATH: '/bin', LANG: 'C', HOME: '/root', TIER: '1' },
    asked: { HOME: '/root', TIER: '1' },
    job: JOB,
  })
  expect(Object.keys(inside).sort()).toEqual(['HOME', 'PYTHONNOUSERSITE', 'SPT_NOENV', 'TIER'])
})
