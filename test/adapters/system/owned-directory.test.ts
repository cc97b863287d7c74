import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findAbandoned, makeOwnedDirectory, removeDirectory } from '../../../src/adapters/system/owned-directory.ts'

it('finds what a dead process left, and nothing else', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const ours = await makeOwnedDirectory(parent, 'up-')
  await mkdir(join(parent, 'up-without-owner'))
  const script = `
    const { makeOwnedDirectory } = await import('${join(import.meta.dirname, '../../../src/adapters/system/owned-directory.ts')}')
    await makeOwnedDirectory('${parent}', 'up-')
    await makeOwnedDirectory('${parent}', 'other-')`
  await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
  const names = await readdir(parent)
  expect(names).toHaveLength(4)

  const abandoned = await findAbandoned(parent, 'up-')
  expect(abandoned).toHaveLength(1)
  expect(abandoned).not.toContain(ours)
  for (const directory of [...abandoned, ours]) await removeDirectory(directory)
  expect(await findAbandoned(parent, 'up-')).toEqual([])
  await removeDirectory(parent)
})
