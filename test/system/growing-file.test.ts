import { appendFile, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { growingFile } from '../../src/system/growing-file.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-growing-'))
  path = join(directory, 'log')
})

afterEach(() => rm(directory, { recursive: true }))

it('begins with the last lines, and goes on with what is added', async () => {
  await writeFile(path, 'a\nb\nc\n')
  const file = growingFile(path, 2)
  expect(await file.read()).toEqual(['b', 'c'])
  expect(await file.read()).toEqual([])
  await appendFile(path, 'd\ne')
  expect(await file.read()).toEqual(['d'])
  await appendFile(path, '€\n')
  expect(await file.read()).toEqual(['e€'])
})

it('keeps a character whose bytes come one by one', async () => {
  const file = growingFile(path, 9)
  for (const byte of Buffer.from('ä\n')) {
    await appendFile(path, Buffer.of(byte))
    const lines = await file.read()
    expect(lines).toEqual(byte === 0x0a ? ['ä'] : [])
  }
})

it('counts only lines that are wanted', async () => {
  await writeFile(path, 'a1\nb\na2\nb\na3\n')
  expect(await growingFile(path, 2, line => line.startsWith('a')).read()).toEqual(['a2', 'a3'])
})

it('shows the whole lines of the last megabyte of a long file', async () => {
  const line = 'x'.repeat(1023)
  await writeFile(path, `${line}\n`.repeat(2_000))
  const lines = await growingFile(path, Number.POSITIVE_INFINITY).read()
  expect(lines.length).toBe(1_023)
  expect(new Set(lines)).toEqual(new Set([line]))
})

it('has no lines while there is no file, and all of them once it comes', async () => {
  const file = growingFile(path, Number.POSITIVE_INFINITY)
  expect(await file.read()).toEqual([])
  await writeFile(path, 'a\nb\n')
  expect(await file.read()).toEqual(['a', 'b'])
})

it('begins again when the file was replaced or cut', async () => {
  await writeFile(path, 'a\nb\n')
  const file = growingFile(path, 9)
  await file.read()
  await writeFile(`${path}.new`, 'c\nd\ne\n')
  await rename(`${path}.new`, path)
  expect(await file.read()).toEqual(['c', 'd', 'e'])
  await truncate(path, 0)
  await appendFile(path, 'f\n')
  expect(await file.read()).toEqual(['f'])
})

it('follows no link', async () => {
  await writeFile(`${path}.other`, 'secret\n')
  await symlink(`${path}.other`, path)
  await expect(growingFile(path, 9).read()).rejects.toMatchObject({ code: 'ELOOP' })
})

it('gives a line that never ends in pieces, and keeps no more than that of it', async () => {
  const file = growingFile(path, 0)
  await file.read()
  await writeFile(path, '')
  await file.read()
  const lengths: number[] = []
  for (let round = 0; round < 5; round++) {
    await appendFile(path, 'x'.repeat(600_000))
    lengths.push(...(await file.read()).map(line => line.length))
  }
  expect(lengths).toEqual([1_200_000, 1_200_000])
})
