import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { copyStruck } from '../../src/registry/copy-struck.ts'

const key = 'd41d8cd98f00b204e9800998ecf8427e'

it('leaves keys out wherever a chunk of the file ends', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const [from, to] = [join(directory, 'from'), join(directory, 'to')]
  // Streams of files have chunks of 64 KiB.
  const before = 64 * 1024 - key.length
  for (let shift = 0; shift <= 2 * key.length; shift += 1) {
    const filler = 'x'.repeat(before + shift)
    await writeFile(from, `${filler}${key}ü\r${key} ****${key.slice(-4)}`)
    await copyStruck(from, to, ['o'.repeat(40), key])
    expect(await readFile(to, 'utf8')).toBe(`${filler}<site.key>ü\r<site.key> <site.key>`)
  }
})

it('copies every byte where there is no key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256))
  await writeFile(join(directory, 'from'), bytes)
  await copyStruck(join(directory, 'from'), join(directory, 'to'), [])
  expect((await readFile(join(directory, 'to'))).equals(bytes)).toBe(true)
})
