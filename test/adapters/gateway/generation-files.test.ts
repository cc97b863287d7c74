import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import {
  listGenerations,
  pruneGenerations,
  readGeneration,
  readLink,
  setLink,
  writeGeneration,
} from '../../../src/adapters/gateway/generation-files.ts'
import { makeStateDirectory, type StateDirectory } from '../../../src/adapters/gateway/state-directory.ts'

let directory: StateDirectory

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'sluice-'))
  directory = await makeStateDirectory(join(root, 'state'))
  return () => rm(root, { recursive: true })
})

it('writes a generation in whole, over what a crash left', async () => {
  await writeFile(join(directory.generations, '.next.tmp'), 'half')
  await writeGeneration(directory, 3, new Map([['a', 'text']]))
  expect(await readdir(directory.generations)).toEqual(['3'])
  expect(await readGeneration(directory, 3, 'a')).toBe('text')
  expect(await readGeneration(directory, 3, 'b')).toBeUndefined()
  expect(await readGeneration(directory, 4, 'a')).toBeUndefined()
})

it('refuses a number that is taken', async () => {
  await writeGeneration(directory, 3, new Map([['a', 'old']]))
  await expect(writeGeneration(directory, 3, new Map([['a', 'new']]))).rejects.toThrow('ENOTEMPTY')
  expect(await readGeneration(directory, 3, 'a')).toBe('old')
})

it('moves a link at one stroke, over what a crash left', async () => {
  expect(await readLink(directory, 'current')).toBeUndefined()
  await writeFile(join(directory.root, '.current.tmp'), '')
  await setLink(directory, 'current', 1)
  await setLink(directory, 'current', 2)
  expect([await readLink(directory, 'current'), await readLink(directory, 'good')]).toEqual([2, undefined])
})

it('keeps the newest and the needed', async () => {
  for (const generation of [1, 2, 3, 9, 10]) await writeGeneration(directory, generation, new Map())
  await pruneGenerations(directory, 2, [2, undefined])
  expect((await listGenerations(directory)).toSorted((a, b) => a - b)).toEqual([2, 9, 10])
})

it('refuses a directory whose socket would have too long a name', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sluice-'))
  onTestFinished(() => rm(root, { recursive: true }))
  await expect(makeStateDirectory(join(root, 'x'.repeat(100)))).rejects.toThrow(
    /^Cannot keep the gateway's state in ".*": the path of its control socket has \d+ bytes, and Linux allows 107; choose a shorter gateway\.state$/,
  )
})
