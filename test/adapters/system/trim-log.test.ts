import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, open, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { followFile } from '../../../src/adapters/system/file-follower.ts'
import { trimLog } from '../../../src/adapters/system/trim-log.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-trim-'))
  path = join(directory, 'log')
})

afterEach(() => rm(directory, { recursive: true }))

it('keeps the last whole lines of a log that has grown too long, and says how much it has left out, each time', async () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(letter => `${letter.repeat(99)}\n`)
  await writeFile(path, `${a}${b}${c}`)
  await trimLog(path, { mostBytes: 300, keepBytes: 140 })
  expect(await readFile(path, 'utf8')).toBe(`${a}${b}${c}`)
  await trimLog(path, { mostBytes: 299, keepBytes: 140 })
  expect(await readFile(path, 'utf8')).toBe(`sluice: the first 200 bytes of this log are left out\n${c}`)
  await appendFile(path, d ?? '')
  await trimLog(path, { mostBytes: 240, keepBytes: 140 })
  expect(await readFile(path, 'utf8')).toBe(`sluice: the first 300 bytes of this log are left out\n${d}`)
})

it('has nothing to do where there is no log', () => trimLog(path, { mostBytes: 1, keepBytes: 1 }))

it('cuts nothing behind a link', async () => {
  await writeFile(`${path}.other`, 'aaaa\nbbbb\n')
  await symlink(`${path}.other`, path)
  await expect(trimLog(path, { mostBytes: 1, keepBytes: 1 })).rejects.toMatchObject({ code: 'ELOOP' })
})

it('keeps a log short under a program that goes on writing, and its followers read on', async () => {
  const bounds = { mostBytes: 400_000, keepBytes: 200_000 }
  const log = await open(path, 'a')
  const lines = 'i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); echo "line $i of an engine"; done'
  const writer = spawn('/bin/sh', ['-c', lines], { stdio: ['ignore', log.fd, log.fd] })
  const ended = once(writer, 'exit')
  await log.close()
  const follower = followFile(path, Number.POSITIVE_INFINITY)
  const read: string[] = []
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  while (!isOver) {
    read.push(...(await follower.read()))
    await trimLog(path, bounds)
    read.push(...(await follower.read()))
  }
  await ended
  await appendFile(path, 'line 60001 of an engine\n')
  read.push(...(await follower.read()))
  await trimLog(path, bounds)
  expect((await stat(path)).size).toBeLessThan(bounds.mostBytes)
  const numbers = read.flatMap(line => /^line (\d+) of an engine$/.exec(line)?.[1] ?? []).map(Number)
  expect(numbers.at(-1)).toBe(60_001)
  expect(new Set(numbers).size).toBe(numbers.length) // none twice
})

it('keeps the order of lines that are written while it cuts, below the line that says what is left out', async () => {
  const log = await open(path, 'a')
  const lines = `i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); echo "line $i of an engine${' '.repeat(50)}"; done`
  const writer = spawn('/bin/sh', ['-c', lines], { stdio: ['ignore', log.fd, log.fd] })
  const ended = once(writer, 'exit').then(() => true)
  await log.close()
  let isOver: true | undefined
  void ended.then(() => {
    isOver = true
  })
  let cuts = 0
  while (isOver === undefined) {
    await trimLog(path, { mostBytes: 200_000, keepBytes: 50_000 })
    const [first = '', ...others] = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
    if (first.startsWith('sluice: ')) cuts += 1
    else expect([first, cuts]).toEqual([first === '' ? '' : expect.stringMatching(/^line 1 /), 0])
    const numbers = others.map(line => Number(/^line (\d+) /.exec(line)?.[1]))
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  }
  expect(cuts).toBeGreaterThan(0)
})
