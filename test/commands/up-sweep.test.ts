import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { upSweep } from '../../src/commands/up-sweep.ts'
import type { Endpoint } from '../../src/core/domain/endpoint.ts'
import { idOf, jobOf } from '../../src/core/domain/local-replica.ts'
import { endpoint } from '../support/endpoint.ts'
import { openSmallSite } from '../support/small-site.ts'

/** Beyond every pid that Linux gives. */
const DEAD = 2_000_000_000

const ofSupervisor = (pid: number): Endpoint => ({ ...endpoint, id: idOf('fast', pid, 0), job: jobOf(pid, 0) })

it('removes the working directory and the files of dead replicas, and no others', async () => {
  await using site = await openSmallSite()
  const work = join(site.slurm.home, 'sluice-up-x')
  await mkdir(join(work, 'state'), { recursive: true })
  const [dead, alive] = [ofSupervisor(DEAD), ofSupervisor(process.pid)]
  for (const one of [dead, alive, endpoint]) await site.registry.publish(one)
  await upSweep({ work, gateway: join(work, 'state/up_main'), shared: site.shared }, site.context)
  expect(existsSync(work)).toBe(false)
  const left = await readdir(join(site.shared, 'endpoints'))
  expect(left.toSorted()).toEqual([`${alive.id}.json`, `${endpoint.id}.json`].toSorted())
  expect([...site.context.printed, ...site.context.warned]).toEqual([])
})
