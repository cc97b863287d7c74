import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { unit } from '../../src/commands/unit.ts'
import { TIER } from '../support/example-config.ts'
import { recordedContext } from '../support/recorded-context.ts'

const PLACED = `${TIER}    model: { name: a, file: /models/a.gguf }
`.replaceAll('/srv/', '/nowhere/')

async function printed(text: string, options: Parameters<typeof unit>[0] = {}): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await writeFile(join(cwd, 'sluice.yaml'), text)
  const context = recordedContext({ cwd, env: process.env })
  await unit(options, context)
  return context.printed.join('\n')
}

it('prints the unit of this sluice.yaml, for a user', async () => {
  expect(await printed(PLACED, { user: true })).toMatch(
    /^ExecStart=\/nowhere\/sluice\/current\/sluice updater --config \/\S+\/sluice\.yaml$/m,
  )
})

it('refuses what no unit could see, or be', async () => {
  await expect(printed(PLACED.replace('/nowhere/shared', '/tmp/shared'), { account: 'ai' })).rejects.toThrow(
    /would not see "\/tmp\//,
  )
  const system = PLACED.replace('gateway: {', 'gateway: { nginx: system,')
  await expect(printed(system, { user: true })).rejects.toThrow('leave out --user')
})

it.each(['a b', 'ai%h', '-x'])('refuses %j, which is no account', async account => {
  await expect(printed(PLACED, { account })).rejects.toThrow('not the name of an account')
})

it.runIf(userInfo().uid === 0)('asks root who runs it, where the shared directory does not show it', async () => {
  await expect(printed(PLACED)).rejects.toThrow('name it with --account')
})
