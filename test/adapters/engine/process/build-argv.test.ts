import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { argvBuilder } from '../../../../src/adapters/engine/process/build-argv.ts'
import { ENGINES } from '../../../../src/core/engines/index.ts'

it('asks a program once, however many processes it is started as, and only where its answer matters', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const command = join(directory, 'vllm')
  await writeFile(command, `#!/bin/sh\necho asked >>${directory}/asked\necho 0.12.0\n`, { mode: 0o755 })
  const build = argvBuilder(ENGINES.vllm, { command, first: [], env: { PATH: '/usr/bin:/bin' } })
  expect(await build(['serve', 'm'])).toEqual({ argv: ['serve', 'm'], notes: [] })
  const asked = ['serve', 'm', '--disable-log-requests']
  const both = await Promise.all([build(asked), build([...asked, '--node-rank', '1'])])
  expect(both.map(one => one.argv)).toEqual([
    ['serve', 'm'],
    ['serve', 'm', '--node-rank', '1'],
  ])
  expect(await readFile(join(directory, 'asked'), 'utf8')).toBe('asked\n')
})
