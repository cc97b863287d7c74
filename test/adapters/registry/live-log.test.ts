import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openRegistry } from '../../../src/adapters/registry/open-registry.ts'
import { followFile } from '../../../src/adapters/system/file-follower.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'
import { trimLog } from '../../../src/adapters/system/trim-log.ts'
import { manualClock } from '../../support/manual-clock.ts'

const key = 'd41d8cd98f00b204e9800998ecf8427e'

async function liveLog() {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-live-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const registry = openRegistry(directory, createSerialQueue(manualClock(), 5_000))
  const path = join(directory, 'engine.log')
  const kept = join(directory, 'logs', '7', 'engine-0.log')
  const log = { name: 'engine-0.log', path, without: [key] }
  const look = async () => {
    await registry.collectLog('7', log)
    await registry.showLog('7', log)
  }
  return {
    ...{ path, kept, look, log, registry, reader: followFile(kept, Number.POSITIVE_INFINITY) },
    print: (text: string) => appendFile(path, text),
    keep: () => registry.keepLog('7', log),
    shown: () => readFile(kept, 'utf8'),
  }
}

describe('the log of an engine that lives', () => {
  it('is shown as it grows, in whole lines and without the key', async () => {
    const { print, look, shown } = await liveLog()
    await look()
    await print(`key ${key.slice(0, 10)}`)
    await look()
    await print(`${key.slice(10)}\nü`)
    await look()
    expect(await shown()).toBe('key <site.key>\n')
    await print('\n')
    await look()
    await look()
    expect(await shown()).toBe('key <site.key>\nü\n')
  })

  it('is followed by a reader into the whole log, which takes its place, and on after a start', async () => {
    const { print, look, keep, reader } = await liveLog()
    await print(`a ${key}\nb\n`)
    await look()
    expect(await reader.read()).toEqual(['a <site.key>', 'b'])
    await print('c\nlast words')
    await keep()
    expect(await reader.read()).toEqual(['c'])
    await print('\nsluice: starts\nd\n')
    await look()
    await print('e\n')
    await look()
    expect(await reader.read()).toEqual(['last wordssluice: starts', 'd', 'e'])
  })

  it('goes on where the log of its node is cut', async () => {
    const { path, print, look, shown } = await liveLog()
    const line = `${'x'.repeat(99)}\n`
    await print(line.repeat(100))
    await look()
    await print('b\n')
    await trimLog(path, { mostBytes: 1_000, keepBytes: 500 })
    await print('c\n')
    await look()
    expect(await shown()).toBe(`${line.repeat(100)}b\nc\n`)
  })

  it('is shown in part where it grows faster, and stays small', async () => {
    const { print, look, shown, kept } = await liveLog()
    await print(`${key} ${'x'.repeat(90)}\n`.repeat(20_000))
    await print('end\n')
    await look()
    expect(await shown()).toMatch(/^sluice: about \d+ bytes are shown once the engine has ended\n<site.key> x+\n/)
    expect((await shown()).endsWith('x\nend\n')).toBe(true)
    for (let piece = 0; piece < 20; piece += 1) {
      await print(`${'y'.repeat(99)}\n`.repeat(2_500))
      await look()
      expect((await stat(kept)).size).toBeLessThanOrEqual(4 * 1024 * 1024)
    }
    expect((await shown()).slice(0, 60)).toMatch(/^sluice: the first \d+ bytes of this log are left out\ny/)
  })

  it('is tried again where it could not be written, and written anew where it was removed', async () => {
    const { print, look, shown, kept } = await liveLog()
    await mkdir(kept, { recursive: true })
    await print('a\n')
    await expect(look()).rejects.toThrow('EISDIR')
    await rm(kept, { recursive: true })
    await look()
    expect(await shown()).toBe('a\n')
    await rm(kept)
    await print('b\n')
    await look()
    expect(await shown()).toBe('b\n')
  })

  it('takes the place of what another process left under its name', async () => {
    const { print, look, shown, kept, keep } = await liveLog()
    await mkdir(join(kept, '..'), { recursive: true })
    await writeFile(kept, 'of another\n')
    await print('a\n')
    await look()
    expect(await shown()).toBe('a\n')
    await keep()
    expect(await readdir(join(kept, '..'))).toEqual(['engine-0.log'])
  })
})
