import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { setLink, writeGeneration } from '../../../src/adapters/gateway/generation-files.ts'
import { findNginx } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { placesBelow } from '../../../src/adapters/gateway/state-directory.ts'
import { hammer } from './hammer.ts'
import { killAtChange } from './kill-at-change.ts'
import { type LabGateway, neverAborted, startLabGateway } from './lab-gateway.ts'
import { killMaster, masterOf, twoModels } from './two-models.ts'

describe('a crash of the updater', () => {
  it.each<[string, (lab: LabGateway, candidate: ReadonlyMap<string, string>) => Promise<void>]>([
    ['while it writes', async lab => void (await writeFile(join(lab.directory, 'generations/.next.tmp'), 'half'))],
    ['after it wrote', async (lab, files) => writeGeneration(placesBelow(lab.directory), 2, files)],
    [
      'after the swap',
      async (lab, files) => {
        await writeGeneration(placesBelow(lab.directory), 2, files)
        await setLink(placesBelow(lab.directory), 'current', 2)
      },
    ],
    [
      'after the signal',
      async (lab, files) => {
        await writeGeneration(placesBelow(lab.directory), 2, files)
        await setLink(placesBelow(lab.directory), 'current', 2)
        process.kill(masterOf(lab), 'SIGHUP')
      },
    ],
    [
      'after the swap, with a master that is gone',
      async (lab, files) => {
        await writeGeneration(placesBelow(lab.directory), 2, files)
        await setLink(placesBelow(lab.directory), 'current', 2)
        await killMaster(lab)
      },
    ],
  ])('%s is made good by the next', async (_when, crash) => {
    const { lab, first, second, answeringPort } = await twoModels()
    const candidate = await filesOf(second)
    await lab.applied(first)
    await crash(lab, rehomed(candidate, lab.directory))
    const next = await lab.reopen()
    expect((await next.apply(second, neverAborted)).status).toMatch(/^(applied|unchanged)$/)
    expect(await answeringPort()).toBe(second.tiers[0]?.servers[0]?.port)
    expect(await next.apply(second, neverAborted)).toMatchObject({ status: 'unchanged' })
    expect(findNginx(lab.directory).filter(one => one.role === 'master').length).toBe(1)

    /** What the candidate looks like as generation 2 of this directory. */
    async function filesOf(model: typeof second): Promise<ReadonlyMap<string, string>> {
      const other = await startLabGateway()
      await other.applied(first)
      await other.applied(model)
      await other.gateway.stop({ graceMs: 0, signal: neverAborted })
      const from = join(other.directory, 'generations/2')
      const names = await readdir(from)
      return new Map(
        await Promise.all(
          names.map(async name => {
            const text = await readFile(join(from, name), 'utf8')
            return [name, text.replaceAll(other.directory, '@@')] as const
          }),
        ),
      )
    }
  })

  it('at any change on disk loses no request and is made good by the next', async () => {
    const { lab, first, second, answeringPort } = await twoModels()
    await lab.applied(first)
    const load = hammer(lab.port, { clients: 2, restMs: 25 })
    for (let change = 1; change <= 16; change++) {
      await killAtChange({ directory: lab.directory }, change, [second, first])
      const next = await lab.reopen()
      expect((await next.apply(first, neverAborted)).status).toMatch(/^(applied|unchanged)$/)
      expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
      expect(await next.running(neverAborted)).toMatchObject({ model: first })
    }
    expect((await load.stop()).failures).toEqual([])
    // The newest three and the one that runs; what a crash left half written goes with the next write.
    const kept = (await readdir(join(lab.directory, 'generations'))).filter(name => /^\d+$/.test(name))
    expect(kept.length).toBeLessThanOrEqual(4)
  })

  it('during the first start is made good by the next', async () => {
    for (let change = 1; change <= 10; change++) {
      const { lab, first, second, answeringPort } = await twoModels()
      await killAtChange({ directory: lab.directory }, change, [second, first])
      const next = await lab.reopen()
      await expect
        .poll(async () => (await next.apply(first, neverAborted)).status, { timeout: 30_000 })
        .toMatch(/^(applied|unchanged)$/)
      expect(await answeringPort()).toBe(first.tiers[0]?.servers[0]?.port)
      expect(findNginx(lab.directory).filter(one => one.role === 'master').length).toBe(1)
    }
  })
})

function rehomed(files: ReadonlyMap<string, string>, directory: string): ReadonlyMap<string, string> {
  return new Map([...files].map(([name, text]) => [name, text.replaceAll('@@', directory)]))
}
