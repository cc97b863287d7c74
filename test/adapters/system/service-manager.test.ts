import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connectServiceManager } from '../../../src/adapters/system/service-manager.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { until } from '../../support/until.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
const heard = join(directory, 'heard')
await writeFile(join(directory, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${heard}\n`)
await chmod(join(directory, 'systemd-notify'), 0o755)
const env = { PATH: `${directory}:${process.env['PATH']}`, NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '60000000' }
const lines = async () => (await readFile(heard, 'utf8').catch(() => '')).split('\n').filter(line => line !== '')

it('says ready once, then beats the watchdog four times in its interval, however often the loop goes round', async () => {
  const clock = manualClock()
  const manager = connectServiceManager(env, clock)
  for (let second = 0; second < 60; second += 1) {
    manager.alive()
    await clock.advance(1_000)
  }
  await until('four messages', lines, { timeoutMs: 10_000, holds: seen => seen.length === 4 })
  expect((await lines()).toSorted()).toEqual([
    '/run/notify READY=1',
    '/run/notify WATCHDOG=1',
    '/run/notify WATCHDOG=1',
    '/run/notify WATCHDOG=1',
  ])
})

it('says nothing where no systemd listens', () => {
  connectServiceManager({ PATH: '/nowhere' }, manualClock()).alive()
})
