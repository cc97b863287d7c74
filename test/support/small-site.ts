import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../src/adapters/engine/process/address.ts'
import { openRegistry } from '../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../src/adapters/system/serial-queue.ts'
import { FakeSlurm } from './fake-slurm.ts'
import { recordedContext } from './recorded-context.ts'

/** A site of one demo tier, `fast`, in directories of its own, and a stand-in for its Slurm, which has no jobs. */
export async function openSmallSite(gateway = '') {
  const slurm = await FakeSlurm.open()
  const shared = join(slurm.home, 'shared')
  await mkdir(shared, { mode: 0o751 })
  const text = `site: lab
shared: ${shared}
runtime: ${slurm.home}/runtime
gateway: { listen: ${await freePort('127.0.0.1')}, networks: [127.0.0.0/8, 10.0.0.0/8], state: ${slurm.home}/state, ${gateway} }
tiers:
  fast: { engine: demo, path: / }
`
  await writeFile(join(slurm.home, 'sluice.yaml'), text)
  await slurm.does('squeue', ':')
  const registry = openRegistry(shared, createSerialQueue(systemClock, 10_000))
  await registry.make()
  return {
    slurm,
    shared,
    registry,
    context: recordedContext({ cwd: slurm.home, env: slurm.env }),
    async [Symbol.asyncDispose]() {
      await registry.close()
      await slurm[Symbol.asyncDispose]()
    },
  }
}

/** A job of `fast` in the small site, as the stand-in of squeue prints it. */
export function jobRow(id: string, state: 'RUNNING' | 'PENDING', tier = 'fast'): string {
  const times =
    state === 'RUNNING' ? '100 200 80 90 1:00:00 0:10 vasp-01 vasp-01' : "N/A N/A 80 N/A 1:00:00 0:00 n/a ''"
  return `row ${id} ${state} None 0 N/A 0:0 ${times} ai sluice:lab:${tier}:0000000000000000 fast`
}
