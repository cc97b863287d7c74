import { readdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { up } from '../../src/commands/up.ts'
import { updater } from '../../src/commands/updater.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { openGatewaySite } from '../support/gateway-site.ts'

it('a dry run of the updater writes nothing, and its exit code says whether something would change', async () => {
  const { home, shared, context, codes } = await openGatewaySite('private')
  const before = (await readdir(shared, { recursive: true })).sort()
  await updater({ once: true, dryRun: true }, context)
  expect(context.printed.at(-1)).toBe('Would start nginx')
  expect(context.printed.join('\n')).toContain('Not known: Cannot run squeue: it is not on PATH')
  expect(codes).toEqual([3])
  expect((await readdir(shared, { recursive: true })).sort()).toEqual(before)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
  const other = await openGatewaySite('system')
  await updater({ once: true, dryRun: true }, other.context)
  expect(other.context.printed.at(-1)).toBe('Nothing would change')
  expect(other.codes).toEqual([])
})

it('a dry run has one round', async () => {
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
