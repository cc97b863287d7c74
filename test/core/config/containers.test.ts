import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { TIER } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

const GOOD = `${TIER}    model: { name: m, file: /shared/models/m.gguf }\n`

/** The problems of GOOD with a container of these keys, in line 10. */
const inContainer = (keys: string, more = '') => problemsOf(`${GOOD}    container: { ${keys} }\n${more}`)

const IMAGE: Readonly<Record<string, string>> = {
  apptainer: '/cluster/vllm.sif',
  shifter: 'vllm/vllm-openai:v0.11.0',
  'podman-hpc': 'vllm/vllm-openai:v0.11.0',
  pyxis: 'nvcr.io#nvidia/vllm:25.09-py3',
}

describe('a container', () => {
  it.each(Object.entries(IMAGE))('of %s is named as it takes it: %s', (runtime, image) => {
    expect(inContainer(`runtime: ${runtime}, image: "${image}"`)).toEqual([])
  })

  it.each([
    [
      'apptainer',
      'docker://vllm/vllm-openai:v0.11.0',
      'is not a path: each job would fetch and convert it; write the absolute path of a .sif file or a sandbox directory; apptainer build IMAGE.sif docker://… makes one',
    ],
    [
      'shifter',
      '/cluster/vllm.sif',
      'is not the name of an image; write the name of an image on the nodes, such as vllm/vllm-openai:v0.11.0',
    ],
    [
      'podman-hpc',
      '/cluster/vllm.sif',
      'is not the name of an image; write the name of an image on the nodes, such as vllm/vllm-openai:v0.11.0',
    ],
    [
      'pyxis',
      'oras://nvidia/vllm',
      'is not an image of pyxis; write the absolute path of a .sqsh file, or a name such as nvcr.io#nvidia/vllm:25.09-py3',
    ],
  ])('of %s does not take %s', (runtime, image, why) => {
    const at = 36 + runtime.length
    expect(inContainer(`runtime: ${runtime}, image: "${image}"`)).toEqual([
      `10:${at}: Cannot use tiers.fast.container.image: "${image}" ${why}`,
    ])
  })

  it.each([
    ['podman-hpc', '--env=KEY=x', 'Sluice sets --env; write env in the tier'],
    ['podman-hpc', '--name', 'Sluice sets --name; leave it out'],
    ['shifter', '--clearenv', 'Sluice sets --clearenv; leave it out'],
    ['apptainer', '--nv', 'Sluice sets --nv; leave it out'],
    ['pyxis', '--container-name=x', 'Sluice sets --container-name; leave it out'],
  ])('of %s may not have %s', (runtime, word, why) => {
    const [problem = ''] = inContainer(`runtime: ${runtime}, image: "${IMAGE[runtime]}", args: ["${word}"]`)
    expect(problem).toContain(`Cannot use tiers.fast.container.args[0]: ${why}`)
  })

  it.each([
    ['mounts: [a:b]', 'Cannot use tiers.fast.container.mounts[0]: "a:b"'],
    ['mounts: ["/a:/x", "/b:/x:ro"]', 'Cannot use tiers.fast.container.mounts[1]: "/x" is mounted twice'],
    ['mounts: ["/a,/b"]', 'Cannot use tiers.fast.container.mounts[0]'],
  ])('of %s is refused', (mounts, why) => {
    expect(inContainer(`runtime: shifter, image: a/b, ${mounts}`)[0]).toContain(why)
  })

  it('of shifter mounts nothing where shifter does not', () => {
    expect(inContainer('runtime: shifter, image: a/b, mounts: ["/a:/var/cache"]')).toEqual([
      '10:57: Cannot use tiers.fast.container.mounts[0]: shifter cannot mount at "/var/cache"; write another path in the image',
    ])
  })

  it.each([
    [
      'runtime: pyxis, image: a/b',
      '    numa: true\n',
      'Cannot use tiers.fast.numa: with pyxis the binding does not reach',
    ],
    ['runtime: apptainer, image: /a', '    numa: true\n', undefined],
    [
      'runtime: apptainer, image: /a',
      '    rpc: { workers: 1 }\n    slurm: { nodes: 2 }\n',
      'Cannot use tiers.fast.container: RPC workers are started outside of images; leave one of the two out',
    ],
    [
      'runtime: apptainer, image: /a',
      '    slurm: { nodes: 2 }\n',
      'Cannot use tiers.fast.slurm.nodes: 2 nodes, of which only the first would run the image; write 1, or leave container out',
    ],
    ['runtime: docker, image: /a', '', 'Cannot use tiers.fast.container.runtime: "docker"'],
  ])('with %s and %j', (container, more, why) => {
    const problems = inContainer(container, more)
    if (why === undefined) expect(problems).toEqual([])
    else expect(problems.join('\n')).toContain(why)
  })

  it('needs a model that can be mounted', () => {
    const text = GOOD.replace('/shared/models/m.gguf', '"/shared/a,b/m.gguf"')
    expect(problemsOf(`${text}    container: { runtime: apptainer, image: /a }\n`)).toEqual([
      '9:29: Cannot use tiers.fast.model.file: "/shared/a,b/m.gguf" cannot be mounted in a container; choose a path without , : ; " \' and \\',
    ])
  })

  it.each([
    ['gpu: { arch: gfx90a }', { gpus: 'amd' }],
    ['gpu: { arch: sm70 }', { gpus: 'nvidia' }],
    ['slurm: { gpus: 0 }', {}],
    ['numa: false', { gpus: 'nvidia' }],
  ])('is frozen for %s', (line, gpus) => {
    const { config } = parseConfig(
      `${GOOD}    container: { runtime: apptainer, image: /a, mounts: [/c, "/d:ro", "/e:/f", "/g:/h:ro"] }\n    ${line}\n`,
      'sluice.yaml',
    )
    if (config === undefined) throw new Error('Cannot use the example')
    expect(toReplicaSpec(config, 'fast').container).toEqual({
      ...{ runtime: 'apptainer', image: '/a', args: [], ...gpus },
      mounts: [
        { source: '/c', target: '/c', isReadOnly: false },
        { source: '/d', target: '/d', isReadOnly: true },
        { source: '/e', target: '/f', isReadOnly: false },
        { source: '/g', target: '/h', isReadOnly: true },
      ],
    })
  })
})

describe('stage', () => {
  const staged = (from: string, to: string, model = GOOD) =>
    problemsOf(`${model}    stage: { from: ${from}, to: ${to} }\n`)

  it.each(['/shared', '/shared/', '/shared/models'])('copies what lies below %s', from => {
    expect(staged(from, '/scratch/models')).toEqual([])
  })

  it.each([
    [
      '/share',
      '/scratch',
      'model.file: "/shared/models/m.gguf" is not below "/share" (stage.from); write its shared path',
    ],
    ['/shared/models/m.gguf', '/scratch', 'model.file: "/shared/models/m.gguf" is not below "/shared/models/m.gguf"'],
    [
      '/shared',
      '/shared/local',
      'stage.to: "/shared/local" lies in stage.from; write a directory on the nodes\' own disks',
    ],
    ['/shared/models', '/shared', 'stage.to: "/shared" holds stage.from'],
    ['/shared/models', '/shared/models', 'stage.to: "/shared/models" lies in stage.from'],
  ])('from %s to %s is refused', (from, to, why) => {
    expect(staged(from, to).join('\n')).toContain(`Cannot use tiers.fast.${why}`)
  })

  it('never leaves its directory', () => {
    const outside = GOOD.replace('/shared/models/m.gguf', '/shared/../etc/m.gguf')
    expect(staged('/shared', '/scratch', outside)[0]).toContain('is not below "/shared"')
  })

  it('is for one node, unless the others are sent their layers', () => {
    const stage = '    stage: { from: /shared, to: /scratch }\n    slurm: { nodes: 2 }\n'
    expect(problemsOf(GOOD + stage).join('\n')).toContain(
      'Cannot use tiers.fast.slurm.nodes: 2 nodes, of which only the first would get the model; write 1, or leave stage out',
    )
    expect(problemsOf(`${GOOD}${stage}    rpc: { workers: 1 }\n`)).toEqual([])
  })

  it('is for one model', () => {
    const router = `${TIER}    router: { modelsDir: /shared/models }\n`
    expect(staged('/shared', '/scratch', router)).toEqual([
      '10:5: Cannot use tiers.fast.stage: the tier has no model.file to copy; write model: { name, file }, or leave stage out',
    ])
  })
})
