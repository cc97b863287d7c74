import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDirectoryReader } from '../../../src/adapters/registry/directory-reader.ts'

let directory = ''
let nowMs = 0
let reader: ReturnType<typeof createDirectoryReader>

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  nowMs = 0
  reader = createDirectoryReader(directory, 1_000, () => nowMs)
})

const read = (atMs: number) => {
  nowMs = atMs
  return reader.read()
}
const NOTHING = { changed: [], removed: [] }

async function put(name: string, text: string): Promise<void> {
  await writeFile(join(directory, `.${name}.tmp`), text)
  await rename(join(directory, `.${name}.tmp`), join(directory, name))
}

describe('a directory reader', () => {
  it('reports each file when it is new, another one, and gone', async () => {
    await put('a', 'one')
    await put('b', 'two')
    expect(read(0)).toEqual({
      changed: [
        { name: 'a', text: 'one' },
        { name: 'b', text: 'two' },
      ],
      removed: [],
    })
    expect(read(500)).toEqual(NOTHING)
    await put('a', 'three')
    await rm(join(directory, 'b'))
    expect(read(600)).toEqual({ changed: [{ name: 'a', text: 'three' }], removed: ['b'] })
  })

  it('leaves files alone while the times of the directory stand still, and looks all the same after half a minute', async () => {
    await put('a', 'one')
    read(0)
    read(1_000) // a tick later nothing can hide behind the same times any more
    await writeFile(join(directory, 'a'), 'in its place')
    expect(read(2_000)).toEqual(NOTHING)
    expect(read(30_999)).toEqual(NOTHING)
    expect(read(31_000)).toEqual({ changed: [{ name: 'a', text: 'in its place' }], removed: [] })
  })

  it('opens files again until a tick of a coarse filesystem is over', async () => {
    await put('a', 'one')
    read(0)
    read(5_000)
    await put('a', 'two')
    expect(read(6_000)).toEqual({ changed: [{ name: 'a', text: 'two' }], removed: [] })
    await writeFile(join(directory, 'a'), 'three, in the same tick')
    expect(read(6_999)).toEqual({ changed: [{ name: 'a', text: 'three, in the same tick' }], removed: [] })
    await writeFile(join(directory, 'a'), 'four, in the same tick')
    expect(read(7_000)).toEqual({ changed: [{ name: 'a', text: 'four, in the same tick' }], removed: [] })
    await writeFile(join(directory, 'a'), 'five')
    expect(read(8_000)).toEqual(NOTHING)
  })

  it('fails where the directory cannot be listed', async () => {
    await rm(directory, { recursive: true })
    expect(() => read(0)).toThrow('ENOENT')
  })
})
