import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { render } from '../../../src/commands/render.ts'
import { submit } from '../../../src/commands/submit.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { describeSizedModel } from '../../fixtures/sized-model.ts'
import { SIZED_MODELS } from '../../fixtures/sized-models.ts'
import { writeGguf } from '../../lab/gguf.ts'
import { recordedContext } from '../recorded-context.ts'

let home = ''

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-misfits-'))
  await writeGguf(join(home, 'grouped.gguf'), describeSizedModel(SIZED_MODELS.grouped)) // 6 layers, 1.6 GiB
  await writeGguf(join(home, 'latent.gguf'), describeSizedModel(SIZED_MODELS.latent))
})
afterAll(() => rm(home, { recursive: true }))

/** A site of one tier; its `model:` stands on line 8, `rpc:` on 9, `slurm:` on 10. */
async function site({ rpc = '', slurm = 'gpus: 0', rest = '', file = join(home, 'grouped.gguf') }): Promise<void> {
  await writeFile(
    join(home, 'sluice.yaml'),
    `site: here
shared: /cluster/shared/ai
runtime: /cluster/shared/sluice
gateway: { networks: [10.0.0.0/24] }
tiers:
  one:
    { engine: llama.cpp, path: /,
      model: { name: Grouped, file: ${file} },
      ${rpc}
      slurm: { ${slurm} },
      ${rest} }
`,
  )
}

const failure = async (done: Promise<unknown>) => {
  const error = await done.then(
    () => undefined,
    error => error,
  )
  if (error !== undefined) expect(error).toBeInstanceOf(UserError)
  return error?.message
}
const rendered = () => failure(render(['one'], {}, recordedContext({ cwd: home })))

describe('a division of other layers than the model has', () => {
  const wrong = { rpc: 'rpc: { workers: 2, layers: [3, 2, 2] },', slurm: 'gpus: 1, nodes: 3' }

  test('is refused, with one that adds up', async () => {
    await site(wrong)
    expect(await rendered()).toBe(
      'sluice.yaml:9:34: Cannot use tiers.one.rpc.layers: 3 + 2 + 2 are 7 layers, and the model has 6; ' +
        'write layers: [2, 2, 2], or what sluice plan one proposes, or allow: [layers-that-do-not-add-up]',
    )
  })

  test('is not submitted either', async () => {
    await site(wrong)
    const submitted = submit('one', { dryRun: true }, recordedContext({ cwd: home }))
    expect(await failure(submitted)).toContain('3 + 2 + 2 are 7 layers')
  })

  test.each([
    ['is allowed by its name', { ...wrong, rest: 'allow: [layers-that-do-not-add-up]' }],
    ['is not seen where there is no such file', { ...wrong, file: '/nowhere/grouped.gguf' }],
    ['is none when it adds up', { rpc: 'rpc: { workers: 2, layers: [2, 2, 2] },', slurm: 'gpus: 1, nodes: 3' }],
  ])('%s', async (_, change) => {
    await site(change)
    expect(await rendered()).toBeUndefined()
  })
})

describe('a job with less memory than mlock keeps', () => {
  const wrong = { slurm: 'gpus: 0, mem: 1G', rest: 'args: { mlock: true }' }

  test('is refused, with what would be enough', async () => {
    await site(wrong)
    expect(await rendered()).toBe(
      'sluice.yaml:10:30: Cannot use tiers.one.slurm.mem: 1G, less than the 1.6 GiB of weights that mlock locks in the node’s memory; ' +
        'write mem: 3G or more, or leave mlock out, or allow: [mem-below-locked-weights]',
    )
  })

  test.each([
    ['is allowed by its name', { ...wrong, rest: `${wrong.rest}, allow: [mem-below-locked-weights]` }],
    ['is none without mlock', { ...wrong, rest: '' }],
    ['is none when the weights lie on GPUs', { ...wrong, slurm: 'gpus: 1, mem: 1G' }],
    ['is none with enough', { ...wrong, slurm: 'gpus: 0, mem: 2G' }],
  ])('%s', async (_, change) => {
    await site(change)
    expect(await rendered()).toBeUndefined()
  })
})

test('keys and values of different types are refused for latent attention', async () => {
  const file = join(home, 'latent.gguf')
  await site({ file, rest: 'args: { cache-type-k: q4_0 }' })
  expect(await rendered()).toBe(
    'sluice.yaml:11:13: Cannot use tiers.one.args: keys of q4_0 and values of f16, where latent attention takes one type for both; ' +
      'write cache-type-k: q4_0 and cache-type-v: q4_0',
  )
  await site({ file, rest: 'args: { cache-type-k: q4_0, cache-type-v: q4_0 }' })
  expect(await rendered()).toBeUndefined()
  await site({ rest: 'args: { cache-type-k: q4_0 }' })
  expect(await rendered()).toBeUndefined()
})
