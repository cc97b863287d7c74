import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configCheck } from '../../../src/commands/config-check.ts'
import { render } from '../../../src/commands/render.ts'
import { submit } from '../../../src/commands/submit.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { writeGguf } from '../../support/gguf.ts'
import { recordedContext } from '../../support/recorded-context.ts'
import { describeSizedModel } from '../../support/sized-model.ts'
import { SIZED_MODELS } from '../../support/sized-models.ts'

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
const checked = () => failure(configCheck({}, recordedContext({ cwd: home })))
const submitted = () => failure(submit('one', { dryRun: true }, recordedContext({ cwd: home })))

describe('a division of other layers than the model has', () => {
  const wrong = { rpc: 'rpc: { workers: 2, layers: [3, 2, 2] },', slurm: 'gpus: 1, nodes: 3' }

  it('is refused, with one that adds up', async () => {
    await site(wrong)
    expect(await rendered()).toBe(
      'sluice.yaml:9:34: Cannot use tiers.one.rpc.layers: 3 + 2 + 2 are 7 layers, and the model has 6; ' +
        'write layers: [2, 2, 2], or what sluice plan one proposes, or allow: [layers-that-do-not-add-up]',
    )
  })

  it('is not submitted either', async () => {
    await site(wrong)
    expect(await submitted()).toContain('3 + 2 + 2 are 7 layers')
  })

  it.each([
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

  it('is refused, with what would be enough', async () => {
    await site(wrong)
    expect(await rendered()).toBe(
      'sluice.yaml:10:30: Cannot use tiers.one.slurm.mem: 1G, less than the 1.6 GiB of weights that mlock locks in the node’s memory; ' +
        'write mem: 3G or more, or leave mlock out, or allow: [mem-below-locked-weights]',
    )
  })

  it.each([
    ['is allowed by its name', { ...wrong, rest: `${wrong.rest}, allow: [mem-below-locked-weights]` }],
    ['is none without mlock', { ...wrong, rest: '' }],
    ['is none when the weights lie on GPUs', { ...wrong, slurm: 'gpus: 1, mem: 1G' }],
    ['is none with enough', { ...wrong, slurm: 'gpus: 0, mem: 2G' }],
  ])('%s', async (_, change) => {
    await site(change)
    expect(await rendered()).toBeUndefined()
  })
})

it('keys and values of different types are refused for latent attention', async () => {
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

it.each([
  ['a division of layers', { rpc: 'rpc: { workers: 2, layers: [3, 2, 2] },', slurm: 'gpus: 1, nodes: 3' }],
  ['too little memory', { slurm: 'gpus: 0, mem: 1G', rest: 'args: { mlock: true }' }],
  ['a place for logs that depends on the job', { slurm: 'gpus: 0, output: /logs/%j/out.log' }],
  ['an option of sbatch that is for Sluice', { slurm: 'gpus: 0, extra: [--no-requeue]' }],
  ['two problems at once', { slurm: 'gpus: 0, mem: 1G', rest: 'args: { mlock: true, cache-type-k: q4_0 }' }],
  ['nothing', {}],
])('config check finds what render and submit refuse: %s', async (what, change) => {
  await site(change)
  const found = await checked()
  expect(found === undefined).toBe(what === 'nothing')
  expect([await rendered(), await submitted()]).toEqual([found, found])
})

it('config check finds two tiers that would share a script, which render refuses', async () => {
  await site({})
  await appendFile(join(home, 'sluice.yaml'), '  two: { engine: demo, path: /two/, slurm: { script: one.slurm } }\n')
  const found = await checked()
  expect(found).toContain('Cannot use tiers.two.slurm.script: tier "one" has "one.slurm" already')
  expect(await failure(render([], {}, recordedContext({ cwd: home })))).toBe(found)
})
