import { mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, it } from 'vitest'
import { digestDirectory, digestFile } from '../../../src/adapters/system/directory-digest.ts'
import { readTail } from '../../../src/adapters/system/file-tail.ts'
import { readRegularText } from '../../../src/adapters/system/regular-file.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
})

/** Everything that reads a file which somebody else may have put in its place. */
const READERS = {
  'the tail of a log': path => readTail(path, 3),
  'the sum of a file': path => digestFile(path),
  'the sums of a directory': () => digestDirectory(directory),
  'a text with a bound': path => readRegularText(path, 100),
} satisfies Record<string, (path: string) => Promise<unknown>>

describe.each(Object.entries(READERS))('%s', (_what, read) => {
  it('is not waited for where a pipe stands in its place', async () => {
    const path = join(directory, 'file')
    await execa('mkfifo', [path])
    await expect(read(path)).rejects.toThrow('it is a pipe, not a regular file')
  })

  it('is not read from a device', async () => {
    const path = join(directory, 'file')
    await symlink('/dev/zero', path)
    await expect(read(path)).rejects.toThrow('it is a device, not a regular file')
  })
})

it('the tail of a log is read from its last 8 KiB, however large it is', async () => {
  const path = join(directory, 'file')
  await writeFile(path, `${'x'.repeat(9_000)}\nlast\n`)
  expect(await readTail(path, 1)).toBe('last')
  expect(await readTail(join(directory, 'none'), 1)).toBe('')
})
