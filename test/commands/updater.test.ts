import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { updater } from '../../src/commands/updater.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { EXAMPLE } from '../support/example-config.ts'
import { SLUICE } from '../support/run-sluice.ts'
import { openSmallSite } from '../support/small-site.ts'

// proper-lockfile brings signal-exit, which ends a process that listens for a signal once.
it.each(['SIGINT', 'SIGTERM'] as const)('an updater that gets %s twice ends in order', async signal => {
  const own = await mkdtemp(join(tmpdir(), 'sluice-updater-'))
  const site = EXAMPLE.replace('/cluster/shared/ai', own).replace('nginx: private', `state: ${own}/state`)
  await writeFile(join(own, 'sluice.yaml'), site)
  const [node, ...argv] = [...SLUICE, 'updater', '--config', join(own, 'sluice.yaml')]
  const child = spawn(node, argv, { env: { PATH: '/nowhere' }, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  let said = ''
  for await (const part of child.stderr.setEncoding('utf8')) {
    const hadStarted = said.includes('updater started')
    said += part
    if (hadStarted || !said.includes('updater started')) continue
    child.kill(signal)
    child.kill(signal)
  }
  expect(await closed).toEqual([0, null])
  expect(said).toMatch(new RegExp(`"updater ended".*"reason":"${signal}"`))
})

it('does not start without a configuration that is right', async () => {
  await using site = await openSmallSite('nginx: apache')
  await expect(updater({}, site.context)).rejects.toThrow(UserError)
  await expect(updater({ config: 'no.yaml' }, site.context)).rejects.toThrow(
    new UserError('Cannot read no.yaml: it does not exist; --config must name a file'),
  )
  expect(site.context.warned).toEqual([])
})
