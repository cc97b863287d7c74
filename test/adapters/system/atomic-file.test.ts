import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeAtomic } from '../../../src/adapters/system/atomic-file.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))

it('replaces the file in whole, with its own inode, and leaves nothing beside it', async () => {
  const path = join(directory, 'a.json')
  await writeFile(path, 'old')
  const before = await stat(path)
  await writeAtomic(path, 'new', { mode: 0o600 })
  const after = await stat(path)
  expect(await readFile(path, 'utf8')).toBe('new')
  expect(after.ino).not.toBe(before.ino)
  expect(after.mode & 0o777).toBe(0o600)
  expect(await readdir(directory)).toEqual(['a.json'])
})

it('leaves the old file and nothing else when it cannot replace it', async () => {
  const missing = join(directory, 'missing/a.json')
  await expect(writeAtomic(missing, 'new')).rejects.toThrow(
    new Error(`Cannot write "${missing}": its directory does not exist (ENOENT)`),
  )
  await expect(
    writeAtomic(`${directory}/../${directory.slice(directory.lastIndexOf('/') + 1)}`, 'new'),
  ).rejects.toThrow()
  expect(await readdir(directory)).toEqual(['a.json'])
})
