import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadConfig, loadRunningConfig } from '../../../src/adapters/config-file/load-config.ts'
import { announceUp, runningUps, UP_PREFIX } from '../../../src/adapters/config-file/running-ups.ts'
import { makeOwnedDirectory } from '../../../src/adapters/system/owned-directory.ts'
import { defaultConfig } from '../../../src/programs/up/default-config.ts'
import { recordedContext } from '../../support/recorded-context.ts'

async function place() {
  const cwd = await mkdtemp(join(tmpdir(), 'ups-'))
  const context = recordedContext({ cwd, env: { TMPDIR: cwd } })
  const start = async () => {
    const work = await makeOwnedDirectory(cwd, UP_PREFIX)
    const file = join(work, 'sluice.yaml')
    await writeFile(file, defaultConfig({ directory: work, port: 8080 }))
    await announceUp(work, { file, shared: join(work, 'shared') })
    return { work, file }
  }
  return { cwd, context, start }
}

it('finds the configuration of the one that runs', async () => {
  const { context, start } = await place()
  const { work, file } = await start()
  expect(await loadRunningConfig({}, context)).toMatchObject({ file, config: { shared: join(work, 'shared') } })
  await expect(loadConfig({}, context)).rejects.toThrow('Cannot find a configuration')
})

it('takes a sluice.yaml of the place before it, and does not choose among several', async () => {
  const { cwd, context, start } = await place()
  const [one, other] = [await start(), await start()]
  await expect(loadRunningConfig({}, context)).rejects.toThrow(
    `2 \`sluice up\` of this account run here; name the configuration of one with --config: ${[one.file, other.file].sort().join(', ')}`,
  )
  await writeFile(join(cwd, 'sluice.yaml'), defaultConfig({ directory: cwd, port: 8080 }))
  expect((await loadRunningConfig({}, context)).file).toBe('sluice.yaml')
})

it('passes over one that is gone, one that is just starting, and what is none', async () => {
  const { cwd, context } = await place()
  await makeOwnedDirectory(cwd, UP_PREFIX)
  const gone = join(cwd, `${UP_PREFIX}gone`)
  await mkdir(gone)
  await writeFile(join(gone, 'owner.json'), JSON.stringify({ pid: 2 ** 22, startTime: '1', namespace: 'pid:[1]' }))
  await writeFile(join(gone, 'site.json'), JSON.stringify({ file: '/a', shared: '/b' }))
  expect(await runningUps(context.env)).toEqual([])
  expect(await runningUps({ TMPDIR: join(cwd, 'none') })).toEqual([])
  await expect(loadRunningConfig({}, context)).rejects.toThrow('Cannot find a configuration')
})
