import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { preflight } from '../../../../src/adapters/engine/process/preflight.ts'
import { llamaCpp } from '../../../../src/core/engines/llama-cpp.ts'
import { spec } from '../../../support/replica-spec.ts'

let modelsDir = ''

beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'sluice-preflight-'))
  await mkdir(join(modelsDir, 'parted'))
  await writeFile(join(modelsDir, 'flat.gguf'), '')
})
afterAll(() => rm(modelsDir, { recursive: true }))

const found = (preload: readonly string[]) => {
  const router = { modelsDir, modelsMax: 3, preload }
  const own = { ...spec, command: process.execPath, networks: ['127.0.0.0/8'], router }
  return preflight(llamaCpp, own, {}, [], undefined)
}

it('a preloaded model is a file, or a directory of its parts', async () => {
  expect(await found(['flat', 'parted'])).toBeUndefined()
  expect(await found(['flat', 'gone'])).toBe(
    `Cannot run ${spec.tier} here: preloaded model gone: "${modelsDir}/gone.gguf" and "${modelsDir}/gone/" are missing or unreadable`,
  )
})

it.each([
  ['a file', 'fetched-not.gguf', 'fetched-not'],
  ['a part in a directory', 'fetched/half-00002-of-00002.gguf', 'fetched'],
])('%s that git left as a Git LFS pointer is named', async (_, file, model) => {
  await mkdir(join(modelsDir, 'fetched'), { recursive: true })
  await writeFile(join(modelsDir, file), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n')
  expect(await found(['flat', model])).toBe(
    `Cannot run ${spec.tier} here: preloaded model ${model}: "${modelsDir}/${file}" is a Git LFS pointer, not the weights; run git lfs pull there`,
  )
})
