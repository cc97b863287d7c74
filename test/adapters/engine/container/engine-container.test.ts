import { access, chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { mountsFor } from '../../../../src/adapters/engine/container/container-mounts.ts'
import { containEngine, lacksForContainer } from '../../../../src/adapters/engine/container/engine-container.ts'
import type { ContainerSpec, ReplicaSpec } from '../../../../src/core/domain/replica-spec.ts'
import { spec } from '../../../support/replica-spec.ts'

let directory = ''
const at = (path: string) => join(directory, path)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-container-'))
  for (const path of ['models/vllm', 'bin', 'hub/blobs', 'hub/snapshots/1', 'scratch', 'home']) {
    await mkdir(at(path), { recursive: true })
  }
  for (const path of ['models/m.gguf', 'models/vllm/config.json', 'hub/blobs/abc']) await writeFile(at(path), '')
})

describe('what a container must see of the node', () => {
  const sources = async (...paths: string[]) => (await mountsFor(paths.map(at))).map(one => one.source)

  it('is the directory of a file, where its other parts lie, and a directory itself, to read', async () => {
    expect(await mountsFor([at('models/m.gguf')])).toEqual([
      { source: at('models'), target: at('models'), isReadOnly: true },
    ])
    expect(await sources('models/vllm')).toEqual([at('models/vllm')])
  })

  it('is each thing once', async () => {
    expect(await sources('models/m.gguf', 'models/vllm', 'models', 'hub/blobs')).toEqual([
      at('hub/blobs'),
      at('models'),
    ])
  })

  it('is also where links lead, those in a directory and the directory itself', async () => {
    await symlink('../../blobs/abc', at('hub/snapshots/1/model.safetensors'))
    await symlink('nowhere', at('hub/snapshots/1/broken'))
    expect(await sources('hub/snapshots/1')).toEqual([at('hub/blobs'), at('hub/snapshots/1')])
    await symlink(at('models'), at('linked'))
    expect(await sources('linked/m.gguf')).toEqual([at('linked'), at('models')])
  })
})

const container: ContainerSpec = { runtime: 'podman-hpc', image: 'a/b:c', mounts: [], args: [] }

function contain(
  own: Partial<ReplicaSpec>,
  change: Partial<ContainerSpec> = {},
  needs: readonly string[] = [],
  writes: readonly string[] = [],
) {
  return containEngine({
    container: { ...container, ...change },
    spec: { ...spec, command: 'vllm', ...own },
    ...{ needs, writes, environment: { ...own.env, KEY: 'hidden' }, jobEnv: { PATH: at('bin'), HOME: at('home') } },
    ...{ marker: 'SLUICE_ENDPOINT=fast-1-0-0', scratch: at('scratch'), node: 'vasp-01' },
  })
}

/** The values after each of these words. */
const valuesOf = (flag: string, words: readonly string[]) => words.filter((_, index) => words[index - 1] === flag)

describe('an engine in an image', () => {
  it('is named after its endpoint, and carries its marker', async () => {
    const { words, env } = await contain({})
    expect(valuesOf('--name', words)).toEqual(['sluice-fast-1-0-0'])
    expect(valuesOf('--env', words)).toContain('SLUICE_ENDPOINT')
    expect(env).toMatchObject({ SLUICE_ENDPOINT: 'fast-1-0-0', KEY: 'hidden', PATH: at('bin') })
  })

  it('sees its model, unless the tier mounts another thing there', async () => {
    const model = at('models/m.gguf')
    expect(valuesOf('--volume', (await contain({}, {}, [model])).words)).toEqual([`${at('models')}:${at('models')}:ro`])
    const mount = { source: '/other', target: at('models'), isReadOnly: false }
    const { words } = await contain({}, { mounts: [mount] }, [model])
    expect(valuesOf('--volume', words)).toEqual([`/other:${at('models')}`])
  })

  it('writes to the directory of its sockets', async () => {
    const sockets = at('scratch/sockets')
    expect(valuesOf('--volume', (await contain({}, {}, [], [sockets])).words)).toEqual([`${sockets}:${sockets}`])
  })

  it('under shifter is shown only what the tier asks for: the rest is the site’s', async () => {
    const { words } = await contain({}, { runtime: 'shifter' }, [at('models/m.gguf')])
    expect(words.filter(word => word.startsWith('--volume'))).toEqual([])
  })

  it('keeps what it downloads outside of the container', async () => {
    const { words, env } = await contain({ model: { name: 'm', id: 'org/m' } })
    const cache = at('home/.cache/huggingface')
    await access(cache)
    expect(valuesOf('--volume', words)).toEqual([`${cache}:${cache}`])
    expect(env).toMatchObject({ HF_HOME: cache, HUGGINGFACE_HUB_CACHE: join(cache, 'hub') })
    const moved = await contain(
      { model: { name: 'm', id: 'org/m' }, env: { HF_HOME: at('hub') } },
      { runtime: 'shifter' },
    )
    expect(moved.words).toContain(`--env=HF_HOME=${at('hub')}`)
  })
})

describe('a node without what it takes', () => {
  const readable = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  const lacks = (change: Partial<ContainerSpec>) =>
    lacksForContainer({ ...container, ...change }, { PATH: at('bin') }, readable)

  async function program(name: string, text: string) {
    await writeFile(at(`bin/${name}`), `#!/bin/sh\n${text}\n`)
    await chmod(at(`bin/${name}`), 0o755)
  }

  it('is told apart from one that has it', async () => {
    expect(await lacks({})).toEqual([`"podman-hpc" is not an executable on PATH (${at('bin')})`])
    await program('podman-hpc', '')
    expect(await lacks({})).toEqual([])
    const mount = { source: at('none'), target: '/x', isReadOnly: true }
    expect(await lacks({ mounts: [mount] })).toEqual([`mount: "${at('none')}" is missing or unreadable`])
  })

  it('has an image only where the image is a file', async () => {
    await program('apptainer', '')
    expect(await lacks({ runtime: 'apptainer', image: at('none.sif') })).toEqual([
      `image: "${at('none.sif')}" is missing or unreadable`,
    ])
    expect(await lacks({ runtime: 'apptainer', image: at('models') })).toEqual([])
  })

  it('has srun, and may lack pyxis', async () => {
    await program('srun', 'echo "  --container=path"')
    expect(await lacks({ runtime: 'pyxis' })).toEqual(['srun has no --container-image: pyxis is not installed here'])
    await program('srun', 'echo "  --container-image=[USER@]IMAGE  [pyxis]"')
    expect(await lacks({ runtime: 'pyxis' })).toEqual([])
  })
})
