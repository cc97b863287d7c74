import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ask } from '../../../../src/adapters/engine/process/inspect-program.ts'

async function program(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'sluice-test-')), 'engine')
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

const ENV = { PATH: '/usr/bin:/bin' }

it('a program that goes on and on about its version is ended, and its first million characters stand', async () => {
  const said = await ask(await program('echo version: 1.2; exec yes flag'), ['--version'], ENV)
  expect([said.slice(0, 13), said.length]).toEqual(['version: 1.2\n', 1024 * 1024])
})

it('a program that reads an input without a writer gets its end', async () => {
  expect(await ask(await program('cat; echo version: 1.2'), ['--version'], ENV)).toBe('version: 1.2')
})
