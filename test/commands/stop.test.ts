import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openRegistry } from '../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../src/adapters/system/serial-queue.ts'
import { stop } from '../../src/commands/site/removal.ts'
import { endpoint } from '../support/endpoint.ts'
import { TIER } from '../support/example-config.ts'
import { FakeSlurm } from '../support/fake-slurm.ts'
import { recordedContext } from '../support/recorded-context.ts'

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
