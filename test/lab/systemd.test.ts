import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { RUNTIME_DIRECTORY } from './directories.ts'

const UNITS = join(import.meta.dirname, '../../systemd')

// What the units start has to be there: systemd looks.
beforeAll(async () => {
  await mkdir(join(RUNTIME_DIRECTORY, 'current'), { recursive: true })
  await writeFile(join(RUNTIME_DIRECTORY, 'current/sluice'), '#!/bin/sh\n')
  await chmod(join(RUNTIME_DIRECTORY, 'current/sluice'), 0o755)
})

test.each([
  ['the updater of a site', ['verify', join(UNITS, 'sluice-updater.service')]],
  ['the updater of an ordinary user', ['--user', 'verify', join(UNITS, 'user/sluice-updater.service')]],
])('systemd has nothing to say about the unit for %s', async (_, argv) => {
  const { stderr, exitCode } = await execa('systemd-analyze', ['--man=no', ...argv], {
    reject: false,
    env: { XDG_RUNTIME_DIR: '/run' },
  })
  expect({ stderr: stderr.split('\n').filter(line => line.includes('sluice-updater')), exitCode }).toEqual({
    stderr: [],
    exitCode: 0,
  })
})

test('a directive that systemd does not know is noticed', async () => {
  const unit = '/tmp/wrong.service'
  await writeFile(unit, '[Service]\nExecStart=/bin/true\nWatchdogSeconds=1\n')
  const { stderr } = await execa('systemd-analyze', ['--man=no', 'verify', unit], { reject: false })
  expect(stderr).toContain('WatchdogSeconds')
})
