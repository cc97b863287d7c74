import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeDirectory } from '../../../src/adapters/system/owned-directory.ts'
import { makeScratch } from '../../../src/adapters/system/scratch.ts'

it('removes what a killed run left, with the key in it, and nothing of a run that lives', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const living = await makeScratch(parent, 'fast-1-0')
  const kept = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await symlink(kept, join(parent, 'sluice-run-link'))
  const script = `
    const { makeScratch } = await import('${join(import.meta.dirname, '../../../src/adapters/system/scratch.ts')}')
    const { writeFileSync } = await import('node:fs')
    writeFileSync((await makeScratch('${parent}', 'fast-2-0')) + '/key', 'secret')
    process.kill(process.pid, 'SIGKILL')`
  await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
  await writeFile(join(kept, 'file'), '')
  expect((await readdir(parent)).filter(name => name.startsWith('sluice-run-fast-2-0-'))).toHaveLength(1)

  const next = await makeScratch(parent, 'fast-3-0')
  expect((await readdir(parent)).filter(name => name.startsWith('sluice-run-fast-2-0-'))).toEqual([])
  for (const directory of [living, next]) expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect(await readdir(kept)).toEqual(['file'])
  for (const directory of [parent, kept]) await removeDirectory(directory)
})
