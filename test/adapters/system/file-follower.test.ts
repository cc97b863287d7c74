import { appendFile, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { followFile, newestLines } from '../../../src/adapters/system/file-follower.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-growing-'))
  path = join(directory, 'log')
})

afterEach(() => rm(directory, { recursive: true }))

it('begins with the last lines, and goes on with what is added', async () => {
  await writeFile(path, 'a\nb\nc\n')
  const file = followFile(path, 2)
  expect(await file.read()).toEqual(['b', 'c'])
  expect(await file.read()).toEqual([])
  await appendFile(path, 'd\ne')
  expect(await file.read()).toEqual(['d'])
  await appendFile(path, '€\n')
  expect(await file.read()).toEqual(['e€'])
})

it('keeps a character whose bytes come one by one', async () => {
  const file = followFile(path, 9)
  for (const byte of Buffer.from('ä\n')) {
    await appendFile(path, Buffer.of(byte))
    const lines = await file.read()
    expect(lines).toEqual(byte === 0x0a ? ['ä'] : [])
  }
})

it('counts only lines that are wanted', async () => {
  await writeFile(path, 'a1\nb\na2\nb\na3\n')
  expect(await followFile(path, 2, line => line.startsWith('a')).read()).toEqual(['a2', 'a3'])
})

it('shows the whole lines of the last megabyte of a long file', async () => {
  const line = 'x'.repeat(1023)
  await writeFile(path, `${line}\n`.repeat(2_000))
  const lines = await followFile(path, Number.POSITIVE_INFINITY).read()
  expect(lines.length).toBe(1_023)
  expect(new Set(lines)).toEqual(new Set([line]))
})

it('has no lines while there is no file, and all of them once it comes', async () => {
  const file = followFile(path, Number.POSITIVE_INFINITY)
  expect(await file.read()).toEqual([])
  await writeFile(path, 'a\nb\n')
  expect(await file.read()).toEqual(['a', 'b'])
})

it('begins again when the file was replaced or cut', async () => {
  await writeFile(path, 'a\nb\n')
  const file = followFile(path, 9)
  await file.read()
  await writeFile(`${path}.new`, 'c\nd\ne\n')
  await rename(`${path}.new`, path)
  expect(await file.read()).toEqual(['c', 'd', 'e'])
  await truncate(path, 0)
  await appendFile(path, 'f\n')
  expect(await file.read()).toEqual(['f'])
})

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index} ${'x'.repeat(90)}`)

it.each(['in its place', 'by another file'])('goes on where it was when its beginning was cut off %s', async how => {
  await writeFile(path, `${numbered(0, 1_000).join('\n')}\nunfin`)
  const file = followFile(path, 1)
  await file.read()
  const kept = `sluice: left out\n${numbered(900, 1_000).join('\n')}\nunfinished\nnew\n`
  if (how === 'in its place') await writeFile(path, kept)
  else {
    await writeFile(`${path}.new`, kept)
    await rename(`${path}.new`, path)
  }
  expect(await file.read()).toEqual(['unfinished', 'new'])
  expect(await file.read()).toEqual([])
})

it('begins again where a file was cut further than it had been read, though it has grown since', async () => {
  await writeFile(path, `${numbered(0, 100).join('\n')}\n`)
  const file = followFile(path, 0)
  await file.read()
  await writeFile(path, `${numbered(500, 800).join('\n')}\n`)
  expect(await file.read()).toEqual(numbered(500, 800))
})

it('goes on with a longer copy in the place of a shorter one', async () => {
  await writeFile(path, 'a\n')
  const file = followFile(path, 9)
  await file.read()
  await writeFile(`${path}.new`, 'a\nb\n')
  await rename(`${path}.new`, path)
  expect(await file.read()).toEqual(['b'])
})

it('follows no link', async () => {
  await writeFile(`${path}.other`, 'secret\n')
  await symlink(`${path}.other`, path)
  await expect(followFile(path, 9).read()).rejects.toMatchObject({ code: 'ELOOP' })
})

it('passes a line that does not end in pieces, so that it keeps no more of it than a piece', async () => {
  await writeFile(path, 'a\n')
  const file = followFile(path, 9)
  await file.read()
  const lines: string[] = []
  for (let piece = 0; piece < 6; piece += 1) {
    await appendFile(path, 'x'.repeat(600_000))
    lines.push(...(await file.read()))
  }
  await appendFile(path, '\nb\n')
  lines.push(...(await file.read()))
  expect([lines.map(line => line.length), lines.at(-1)]).toEqual([[1_200_000, 1_200_000, 1_200_000, 0, 1], 'b'])
})

it('has the last megabyte for those who ask what happens now, however much was added', async () => {
  await writeFile(path, 'old\n')
  const file = newestLines(path)
  expect(await file.read()).toEqual([])
  const line = 'x'.repeat(1023)
  await appendFile(path, `${line}\n`.repeat(3_000))
  await appendFile(path, 'now\n')
  const lines = await file.read()
  expect([lines.length, lines.at(-1)]).toEqual([1_024, 'now'])
  expect(await file.read()).toEqual([])
  await appendFile(path, 'later\n')
  expect(await file.read()).toEqual(['later'])
  await rename(path, join(directory, 'log.1'))
  await writeFile(path, 'new\n')
  expect(await file.read()).toEqual(['new'])
})
