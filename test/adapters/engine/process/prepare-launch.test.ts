import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { launchPreparer } from '../../../../src/adapters/engine/process/prepare-launch.ts'
import { ENGINES } from '../../../../src/core/engines/index.ts'

it('asks a program once, however many processes it is started as, and only where its answer matters', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const command = join(directory, 'vllm')
  await writeFile(command, `#!/bin/sh\necho asked >>${directory}/asked\necho 0.12.0\n`, { mode: 0o755 })
  const env = { PATH: '/usr/bin:/bin' }
  const prepare = launchPreparer(ENGINES.vllm, { words: [command, '-x'], env })
  expect(await prepare(['serve', 'm'])).toEqual({ command, argv: ['-x', 'serve', 'm'], env, notes: [] })
  const asked = ['serve', 'm', '--disable-log-requests']
  const both = await Promise.all([prepare(asked), prepare([...asked, '--node-rank', '1'])])
  expect(both.map(one => one.argv)).toEqual([
    ['-x', 'serve', 'm'],
    ['-x', 'serve', 'm', '--node-rank', '1'],
  ])
  expect(await readFile(join(directory, 'asked'), 'utf8')).toBe('asked\n')
})
