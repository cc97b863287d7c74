import { mkdtemp, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeDirectory } from '../../../src/adapters/system/make-directory.ts'

it('makes a directory and those above it, and keeps one that is there', async () => {
  const place = join(await mkdtemp(join(tmpdir(), 'sluice-test-')), 'a/b')
  await Promise.all([makeDirectory(place, 0o750), makeDirectory(place, 0o750)])
  expect([(await stat(place)).mode & 0o777, (await stat(join(place, '..'))).mode & 0o777]).toEqual([0o750, 0o750])
  await makeDirectory('/proc')
})

// Node's own mkdir with `recursive` never ends for the first.
it.each(['/proc/nope', '/proc/nope/deeper'])('says that there can be no %s', async path => {
  await expect(makeDirectory(path)).rejects.toThrow(
    `Cannot make directory "${path}": nothing can be created in "/proc"; name another place`,
  )
})

it('names what is not a directory', async () => {
  const place = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const file = join(place, 'file')
  await writeFile(file, '')
  for (const path of [file, join(file, 'a/b')])
    await expect(makeDirectory(path)).rejects.toThrow(`"${path}": "${file}" is not a directory`)
  const link = join(place, 'link')
  await symlink('nowhere', link)
  for (const path of [link, join(link, 'a')])
    await expect(makeDirectory(path)).rejects.toThrow(`"${path}": "${link}" is not a directory`)
})

it('names where it may not write', async () => {
  await expect(makeDirectory('/sys/nope/a')).rejects.toThrow(
    /^Cannot make directory "\/sys\/nope\/a": (this account may not write in|the filesystem of) "\/sys"/,
  )
})
