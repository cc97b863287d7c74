import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { submit } from '../../src/commands/submit.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { exampleFile } from '../support/example-site.ts'
import { FakeSlurm } from '../support/fake-slurm.ts'
import { recordedContext } from '../support/recorded-context.ts'

/** A cluster that numbers its jobs from 1, and the example site with a shared directory of its own. */
async function openSite() {
  const slurm = await FakeSlurm.open()
  await slurm.does('sbatch', 'echo "$n"')
  const text = await readFile(exampleFile('sluice.yaml'), 'utf8')
  await writeFile(join(slurm.home, 'sluice.yaml'), text.replace('/cluster/shared/ai', `${slurm.home}/shared`))
  return {
    slurm,
    context: recordedContext({ cwd: slurm.home, env: slurm.env }),
    [Symbol.asyncDispose]: () => slurm[Symbol.asyncDispose](),
  }
}

const COMMENT = /^sluice:beefcake2:fast:[0-9a-f]{16}$/

it('submits the script that sluice.yaml gives now', async () => {
  await using site = await openSite()
  await submit('fast', {}, site.context)
  expect(site.context.printed).toEqual(['Submitted fast as job 1'])
  const [call, ...more] = await site.slurm.calls('sbatch')
  expect(more).toEqual([])
  const golden = await readFile(exampleFile('run-14b.slurm'), 'utf8')
  expect(call?.stdin).toBe(golden.replaceAll('/cluster/shared/ai', `${site.slurm.home}/shared`))
})

it('submits as many jobs as are asked for, each with a comment of its own', async () => {
  await using site = await openSite()
  await submit('fast', { count: '3', json: true }, site.context)
  const printed = JSON.parse(site.context.printed.join('\n'))
  const comments = (await site.slurm.calls('sbatch')).map(call => call.argv[1]?.slice('--comment='.length) ?? '')
  expect(printed).toEqual({
    tier: 'fast',
    jobs: comments.map((comment, index) => ({ id: String(index + 1), comment })),
  })
  expect(new Set(comments).size).toBe(3)
  for (const comment of comments) expect(comment).toMatch(COMMENT)
})

it('a dry run prints the sbatch line and the script, and calls nothing', async () => {
  await using site = await openSite()
  await submit('fast', { dryRun: true }, site.context)
  const [line, ...script] = site.context.printed.join('\n').split('\n')
  expect(line).toMatch(/^sbatch --parsable --comment=sluice:beefcake2:fast:[0-9a-f]{16} < run-14b\.slurm$/)
  expect(script.slice(0, 2)).toEqual(['', '#!/bin/bash -l'])
  expect(await site.slurm.calls('sbatch')).toEqual([])
})

it('a dry run in JSON holds the argv and the script', async () => {
  await using site = await openSite()
  await submit('fast', { dryRun: true, json: true, count: '2' }, site.context)
  expect(JSON.parse(site.context.printed.join('\n'))).toEqual({
    tier: 'fast',
    count: 2,
    dryRun: true,
    argv: ['sbatch', '--parsable', expect.stringMatching(/^--comment=sluice:beefcake2:fast:/)],
    script: expect.stringMatching(/^#!\/bin\/bash -l\n/),
  })
})

it('what Slurm refuses is for the user to mend, and is not tried again', async () => {
  await using site = await openSite()
  const words = 'sbatch: error: Batch job submission failed: Invalid partition name specified'
  await site.slurm.does('sbatch', `echo "${words}" >&2; exit 1`, 2)
  await expect(submit('fast', { count: '3', json: true }, site.context)).rejects.toThrow(
    new UserError(`Cannot submit fast (2 of 3): ${words}; see tiers.fast.slurm in sluice.yaml`),
  )
  expect(JSON.parse(site.context.printed.join('\n')).jobs).toEqual([
    { id: '1', comment: expect.stringMatching(COMMENT) },
  ])
  expect(await site.slurm.calls('sbatch')).toHaveLength(2)
})

it('says how to look when it cannot tell whether there is a job', async () => {
  await using site = await openSite()
  const abort = new AbortController()
  await site.slurm.does('sbatch', 'exit 1')
  await site.slurm.does('squeue', 'echo "squeue: error: no" >&2; exit 1')
  const warn = (line: string) => {
    site.context.warned.push(line)
    abort.abort()
  }
  const failed = await submit('fast', {}, { ...site.context, warn, signal: abort.signal }).catch(error => error)
  expect(failed).not.toBeInstanceOf(UserError)
  expect(failed.message).toMatch(
    /^Cannot tell whether fast was submitted: sbatch ended with 1 and printed ""; Cannot run squeue: .*; before you try again, look for its comment sluice:beefcake2:fast:[0-9a-f]{16} with squeue --me -O JobID,Comment:80$/,
  )
  expect(site.context.warned).toEqual(['sbatch ended with 1 and printed ""; checking whether Slurm has the job'])
})

it('root is refused before anything is submitted, unless it says that it means it', async () => {
  await using site = await openSite()
  const context = { ...site.context, uid: 0 }
  await expect(submit('fast', {}, context)).rejects.toThrow('its engines would run as root on the nodes')
  expect(await site.slurm.calls('sbatch')).toEqual([])
  await submit('fast', { dryRun: true }, context)
  await submit('fast', { asRoot: true }, context)
  expect(await site.slurm.calls('sbatch')).toHaveLength(1)
})

it.each(['0', '-1', 'two', '1000', '1.5'])('--count %s is refused', async count => {
  await using site = await openSite()
  await expect(submit('fast', { count }, site.context)).rejects.toThrow(
    new UserError(`Cannot submit "${count}" jobs: --count takes a whole number from 1 to 999`),
  )
})

it('an unknown tier is named, and nothing is submitted', async () => {
  await using site = await openSite()
  await expect(submit('fats', {}, site.context)).rejects.toThrow('Cannot find tier "fats"')
  expect(await site.slurm.calls('sbatch')).toEqual([])
})

it('without sbatch it says that nothing was submitted', async () => {
  await using site = await openSite()
  const context = recordedContext({ cwd: site.slurm.home, env: { ...site.slurm.env, PATH: '/nowhere' } })
  await expect(submit('fast', {}, context)).rejects.toThrow(
    new UserError(
      'Cannot submit fast: Cannot run sbatch: it is not on PATH; nothing was submitted: ' +
        "put Slurm's programs on PATH, or run this on a machine that has them",
    ),
  )
  expect(context.warned).toEqual([])
})
