import { renameSync, writeFileSync } from 'node:fs'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { announceUp, UP_PREFIX } from '../../src/adapters/config-file/running-ups.ts'
import { makeOwnedDirectory } from '../../src/adapters/system/owned-directory.ts'
import { gatewayRender } from '../../src/commands/gateway-render.ts'
import { up } from '../../src/commands/up.ts'
import { updater } from '../../src/commands/updater.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { openGatewaySite } from '../support/gateway-site.ts'

it('a dry run of the updater writes nothing, and its exit code says whether something would change', async () => {
  const { home, shared, context, codes } = await openGatewaySite('private')
  const before = (await readdir(shared, { recursive: true })).sort()
  await updater({ once: true, dryRun: true }, context)
  expect(context.printed.at(-1)).toBe('Would start nginx')
  expect(context.printed[0]).toBe(`Its state directory: ${home}/state/main`)
  expect(context.printed.join('\n')).toContain('Not known: Cannot run squeue: it is not on PATH')
  expect(codes).toEqual([3])
  expect((await readdir(shared, { recursive: true })).sort()).toEqual(before)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
  const other = await openGatewaySite('system')
  await updater({ once: true, dryRun: true }, other.context)
  expect(other.context.printed.at(-1)).toBe('Not known whether nginx would change')
  expect(other.codes).toEqual([4])
})

it('a dry run that a signal cut short shows nothing, and its nginx is not rendered', async () => {
  const { context } = await openGatewaySite('private')
  const signal = AbortSignal.abort('SIGINT')
  const runs = [
    () => updater({ once: true, dryRun: true }, { ...context, signal }),
    () => gatewayRender({ output: 'out' }, { ...context, signal }),
  ]
  for (const run of runs) await expect(run()).rejects.toBe('SIGINT')
  expect(context.printed).toEqual([])
})

it('a dry run does not take a state directory that cannot be looked at for none', async () => {
  const { home, context, codes } = await openGatewaySite('private')
  await writeFile(join(home, 'state'), 'a file')
  await updater({ once: true, dryRun: true }, context)
  expect(context.printed.join('\n')).toContain(`Not known: Cannot look at "${home}/state/main": `)
  expect([context.printed.at(-1), codes]).toEqual(['Not known whether nginx would change', [4]])
})

it('a dry run reads the configuration that --once reads, not that of a running sluice up', async () => {
  const { home, shared, context } = await openGatewaySite('private')
  const work = await makeOwnedDirectory(home, UP_PREFIX)
  await rename(join(home, 'sluice.yaml'), join(work, 'sluice.yaml'))
  await announceUp(work, { file: join(work, 'sluice.yaml'), shared })
  for (const dryRun of [true, false])
    await expect(updater({ once: true, dryRun }, context)).rejects.toThrow('Cannot find a configuration')
})

it('one round is refused while another updater beats, which has the lock of another directory', async () => {
  const { shared, context } = await openGatewaySite('private')
  const file = join(shared, 'routes/main.json')
  let beat = 1
  const other = setInterval(() => {
    beat += 1
    const routes = { version: 1, gateway: 'main', beat, generation: 3, tiers: {} }
    writeFileSync(`${file}.tmp`, JSON.stringify(routes))
    renameSync(`${file}.tmp`, file)
  }, 100)
  try {
    await expect(updater({ once: true }, context)).rejects.toThrow(
      new UserError(
        `Cannot run one round: an updater of gateway "main" runs, its beat in "${shared}" moves; stop that one first`,
      ),
    )
  } finally {
    clearInterval(other)
  }
})

it('refuses --dry-run without --once', async () => {
  const { context } = await openGatewaySite('private')
  await expect(updater({ dryRun: true }, context)).rejects.toThrow(
    new UserError('Cannot dry-run an updater that goes on: add --once'),
  )
})

it('a word that is no log level is refused before anything is begun, with the levels', async () => {
  const { home, context } = await openGatewaySite('private')
  const refusal = new UserError('Cannot use --log-level: "loud"; choose "error", "warn", "info" or "debug"')
  await expect(updater({ logLevel: 'loud' }, context)).rejects.toThrow(refusal)
  await expect(up({ logLevel: 'loud' }, context)).rejects.toThrow(refusal)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
})
