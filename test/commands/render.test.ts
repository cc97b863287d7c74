import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { render } from '../../src/commands/render.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { exampleFile } from '../support/example-site.ts'
import { recordedContext } from '../support/recorded-context.ts'

const golden = await readFile(exampleFile('run-14b.slurm'), 'utf8')
let site: string

beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), 'sluice-render-'))
  const example = await readFile(exampleFile('sluice.yaml'), 'utf8')
  await writeFile(join(site, 'sluice.yaml'), example.slice(0, example.indexOf('  reasoning:'))) // one tier is enough here
})

afterEach(() => rm(site, { recursive: true }))

/** A second tier, with or without a script of its own. */
async function addTier(slurm: string): Promise<void> {
  const text = await readFile(join(site, 'sluice.yaml'), 'utf8')
  const tier = `  slow:\n    engine: llama.cpp\n    path: /slow/\n    router: { modelsDir: /models }\n    slurm: ${slurm}\n`
  await writeFile(join(site, 'sluice.yaml'), text + tier)
}

it.each([[['fast']], [[]], [['fast', 'fast']]])('prints the script of %j, there being one tier', async tiers => {
  const context = recordedContext({ cwd: site })
  await render(tiers, {}, context)
  expect(`${context.printed.join('\n')}\n`).toBe(golden)
})

it('writes into the directory what is not right there, and touches the rest no more', async () => {
  const context = recordedContext({ cwd: site })
  await render([], { output: 'jobs/new' }, context)
  const { mtimeMs } = await stat(join(site, 'jobs/new/run-14b.slurm'))
  await render([], { output: 'jobs/new' }, context)
  expect(context.printed).toEqual([
    'Wrote jobs/new/run-14b.slurm (fast)',
    'jobs/new/run-14b.slurm is up to date (fast)',
  ])
  expect(await readFile(join(site, 'jobs/new/run-14b.slurm'), 'utf8')).toBe(golden)
  expect(await readdir(join(site, 'jobs/new'))).toEqual(['run-14b.slurm'])
  expect((await stat(join(site, 'jobs/new/run-14b.slurm'))).mtimeMs).toBe(mtimeMs)
})

it('a dry run says what it would write, and writes nothing', async () => {
  const context = recordedContext({ cwd: site })
  await render([], { output: 'jobs', dryRun: true }, context)
  expect(context.printed).toEqual(['Would write jobs/run-14b.slurm (fast)'])
  expect(await readdir(site)).toEqual(['sluice.yaml'])
})

it('a check beside sluice.yaml fails while a script is missing or differs, and writes nothing', async () => {
  const context = recordedContext({ cwd: site })
  const check = () => render([], { check: true }, context)
  const again = 'render them again with sluice render --output .'
  await expect(check()).rejects.toThrow(`Cannot confirm the job scripts: run-14b.slurm is missing (fast); ${again}`)
  await writeFile(join(site, 'run-14b.slurm'), `${golden}\n`)
  const failed = await check().catch(error => error)
  expect(failed.message).toBe(`Cannot confirm the job scripts: run-14b.slurm differs (fast); ${again}`)
  expect(failed).not.toBeInstanceOf(UserError)
  await writeFile(join(site, 'run-14b.slurm'), golden)
  await check()
  expect(context.printed).toEqual(['.: run-14b.slurm up to date'])
})

it('prints the scripts of all tiers, each under its name', async () => {
  await addTier('{}')
  const context = recordedContext({ cwd: site })
  await render([], {}, context)
  const slow = recordedContext({ cwd: site })
  await render(['slow'], {}, slow)
  expect(context.printed).toEqual([
    '==> run-14b.slurm (fast) <==',
    ...golden.trimEnd().split('\n'),
    '',
    '==> slow.slurm (slow) <==',
    ...slow.printed,
  ])
})

it('two tiers do not share a file', async () => {
  await addTier('{ script: run-14b.slurm }')
  await expect(render([], { output: '.' }, recordedContext({ cwd: site }))).rejects.toThrow(UserError)
  expect(await readdir(site)).toEqual(['sluice.yaml'])
})

it('an unknown tier is named, and nothing is written', async () => {
  await expect(render(['fast', 'fats'], { output: '.' }, recordedContext({ cwd: site }))).rejects.toThrow(
    'Cannot find tier "fats"',
  )
  expect(await readdir(site)).toEqual(['sluice.yaml'])
})
