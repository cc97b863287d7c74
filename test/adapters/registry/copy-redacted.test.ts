import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyRedacted } from '../../../src/adapters/registry/copy-redacted.ts'

const key = 'd41d8cd98f00b204e9800998ecf8427e'

it('leaves keys out wherever a chunk of the file ends', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const [from, to] = [join(directory, 'from'), join(directory, 'to')]
  // Streams of files have chunks of 64 KiB.
  const before = 64 * 1024 - key.length
  for (let shift = 0; shift <= 2 * key.length; shift += 1) {
    const filler = 'x'.repeat(before + shift)
    await writeFile(from, `${filler}${key}ü\r${key} ****${key.slice(-4)}`)
    await copyRedacted({ from, to, keys: ['o'.repeat(40), key], mostBytes: 1024 * 1024 })
    expect(await readFile(to, 'utf8')).toBe(`${filler}<site.key>ü\r<site.key> <site.key>`)
  }
})

it('copies every byte where there is no key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256))
  await writeFile(join(directory, 'from'), bytes)
  const [from, to] = [join(directory, 'from'), join(directory, 'to')]
  await copyRedacted({ from, to, keys: [], mostBytes: bytes.length })
  expect((await readFile(join(directory, 'to'))).equals(bytes)).toBe(true)
})

describe('of a long log', () => {
  it('copies the end, from a whole line on, and says how much is left out', async () => {
    const [from, to] = await logOf(`${'a'.repeat(50)}\nb ${key}\nc\n`)
    await copyRedacted({ from, to, keys: [key], mostBytes: 40 })
    expect(await readFile(to, 'utf8')).toBe('sluice: the first 51 bytes of this log are left out\nb <site.key>\nc\n')
    await copyRedacted({ from, to, keys: [key], mostBytes: 36 })
    expect(await readFile(to, 'utf8')).toBe('sluice: the first 86 bytes of this log are left out\nc\n')
  })

  it('counts what was left out before', async () => {
    const [from, to] = await logOf('sluice: the first 1000 bytes of this log are left out\naaaa\nb\n')
    await copyRedacted({ from, to, keys: [], mostBytes: 3 })
    expect(await readFile(to, 'utf8')).toBe('sluice: the first 1005 bytes of this log are left out\nb\n')
  })

  it.each([`x ${key} y`, `x/****${key.slice(-4)} y`, `x\r${key}`, key])(
    'shows no half of a key, wherever a line without end is cut: %j',
    async text => {
      // So long that no end of a line is looked for.
      const after = ' z'.repeat(1024 * 1024)
      const [from, to] = await logOf(text + after)
      for (let kept = 0; kept <= text.length; kept += 1) {
        await copyRedacted({ from, to, keys: [key], mostBytes: after.length + kept })
        const copied = (await readFile(to, 'latin1')).replace(/^sluice.*\n/, '')
        const rest = copied.slice(0, Math.max(0, copied.length - after.length + 4))
        for (let at = 0; at + 4 <= key.length; at += 1) expect(rest).not.toContain(key.slice(at, at + 4))
      }
    },
  )

  it('takes four gigabytes as it takes eight megabytes', async () => {
    const [from, to] = await logOf('')
    await truncate(from, 4 * 1024 ** 3)
    await appendFile(from, `\n${'a line\n'.repeat(2_000_000)}`)
    await copyRedacted({ from, to, keys: [key], mostBytes: 8 * 1024 * 1024 })
    const { size } = await stat(to)
    expect(size).toBeLessThan(8 * 1024 * 1024 + 100)
  })

  it('leaves the copy that there is where another cannot be made', async () => {
    const [from, to] = await logOf('a\n')
    await copyRedacted({ from, to, keys: [], mostBytes: 10 })
    await rm(from)
    await expect(copyRedacted({ from, to, keys: [], mostBytes: 10 })).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(dirname(to))).toEqual(['to'])
  })
})

async function logOf(text: string): Promise<[from: string, to: string]> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  await writeFile(join(directory, 'from'), text)
  return [join(directory, 'from'), join(directory, 'to')]
}
