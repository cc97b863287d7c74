import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openRegistry } from '../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../src/adapters/system/serial-queue.ts'
import { stop } from '../../src/commands/stop.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { endpoint } from '../support/endpoint.ts'
import { TIER } from '../support/example-config.ts'
import { FakeSlurm } from '../support/fake-slurm.ts'
import { recordedContext } from '../support/recorded-context.ts'
import { jobRow, openSmallSite } from '../support/small-site.ts'

/** What `sluice stop` of a tier leaves of an endpoint whose job squeue shows so. */
async function leftAfter(row: string) {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', row)
  const registry = openRegistry(slurm.home, createSerialQueue(systemClock, 10_000))
  await registry.make()
  await registry.publish({ ...endpoint, state: 'failed' })
  await registry.close()
  await writeFile(
    join(slurm.home, 'sluice.yaml'),
    `${TIER.replace(/^shared: .*$/m, `shared: ${slurm.home}`)}    model: { name: m, file: /m }\n`,
  )
  await stop('fast', {}, recordedContext({ cwd: slurm.home, env: slurm.env }))
  return readdir(join(slurm.home, 'endpoints'))
}

const ROW = 'row 4242 RUNNING None 1 N/A 0:0 100 200 80 90 1:00:00 0:10 vasp-01 vasp-01 ai'

it('keeps the file of a job that runs, whatever its comment says by now', async () => {
  expect(await leftAfter(`${ROW} 'of the accounting' llama-14b`)).toEqual([`${endpoint.id}.json`])
})

it('clears what a job has left that Slurm does not know', async () => {
  expect(await leftAfter(`${ROW.replace('4242', '4243')} '(null)' other`)).toEqual([])
})

it('cancels every job of a tier at once with --now', async () => {
  await using site = await openSmallSite()
  const rows = `${jobRow('7', 'RUNNING')}; ${jobRow('8', 'PENDING')}; ${jobRow('9', 'RUNNING', 'other')}`
  await site.slurm.does('squeue', `[ -f "$HOME/cancelled-8" ] || { ${rows}; }`)
  await site.slurm.does('scancel', 'touch "$HOME/cancelled-$1"')
  await stop('fast', { now: true }, site.context)
  expect((await site.slurm.calls('scancel')).map(call => call.argv).toSorted()).toEqual([['7'], ['8']])
  expect(site.context.printed[0]).toBe('Stopping 2 jobs of fast: cancelled at once, answers are cut')
})

it('says that a tier has no jobs', async () => {
  await using site = await openSmallSite()
  await stop('fast', { dryRun: true }, site.context)
  expect(site.context.printed).toEqual(['fast has no jobs'])
})

it('refuses a name that nothing has, and a --within that is no number', async () => {
  await using site = await openSmallSite()
  await expect(stop('fats', {}, site.context)).rejects.toThrow(UserError)
  await expect(stop('fast', { within: 'soon' }, site.context)).rejects.toThrow(UserError)
  expect(await site.slurm.calls('scancel')).toEqual([])
})
