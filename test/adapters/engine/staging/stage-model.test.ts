import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, it } from 'vitest'
import { copyFile, sourceVersion } from '../../../../src/adapters/engine/staging/copy-file.ts'
import { stageModel } from '../../../../src/adapters/engine/staging/stage-model.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import { until } from '../../../support/until.ts'

const MIB = 2 ** 20
const WAIT = { timeoutMs: 20_000 }

let from = ''
let to = ''

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-stage-'))
  from = join(directory, 'shared')
  to = join(directory, 'scratch')
  await mkdir(from)
  await mkdir(to)
})

async function source(name: string, bytes: number): Promise<string> {
  const path = join(from, name)
  await mkdir(dirname(path), { recursive: true })
  // A large one is full of holes: that it takes its time is all it is for.
  await writeFile(path, randomBytes(Math.min(bytes, 24 * MIB)))
  await truncate(path, bytes)
  return path
}

function begin(model: string) {
  const abort = new AbortController()
  const staging = stageModel({ stage: { from, to }, model, clock: systemClock, signal: abort.signal })
  return { ...staging, abort }
}

const hashOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** What a staging leaves beside the copies: nothing, unless it was killed. */
const left = async () => (await readdir(join(to, '.sluice-staging'), { recursive: true })).sort()

/** The part as a kill leaves it: `chunks` of 8 MiB, and their hashes. */
async function killedAfter(model: string, name: string, chunks: number) {
  const work = join(to, '.sluice-staging', name)
  const abort = new AbortController()
  const copying = copyFile({ from: model, to: join(to, name), work }, await sourceVersion(model), abort.signal)
  const list = async () => (await readFile(`${work}.chunks`, 'utf8').catch(() => '')).split('\n').length
  await until('the chunks', async () => (await list()) >= chunks + 1, { ...WAIT, intervalMs: 0 })
  abort.abort(new Error('killed'))
  await expect(copying).rejects.toThrow('killed')
  return work
}

describe('a model on its way to the node', () => {
  it('comes whole, with the time of its source, and is not copied again', async () => {
    const model = await source('llama/m.gguf', 20 * MIB + 3)
    const path = await begin(model).staged
    expect(path).toBe(join(to, 'llama/m.gguf'))
    expect(await hashOf(path)).toBe(await hashOf(model))
    expect(await left()).toEqual(['llama'])
    const { ino } = await stat(path)
    expect(await begin(model).staged).toBe(path)
    expect((await stat(path)).ino).toBe(ino)
  })

  it('is taken as it is where somebody has brought it', async () => {
    const model = await source('m.gguf', 100)
    await execa('cp', ['--preserve=timestamps', model, join(to, 'm.gguf')])
    const { ino } = await stat(join(to, 'm.gguf'))
    await begin(model).staged
    expect((await stat(join(to, 'm.gguf'))).ino).toBe(ino)
  })

  it('comes with all of its parts, or all of its directory', async () => {
    for (const name of ['a-00001-of-00002.gguf', 'a-00002-of-00002.gguf', 'b.gguf']) await source(name, 10)
    await begin(join(from, 'a-00001-of-00002.gguf')).staged
    expect((await readdir(to)).sort()).toEqual(['.sluice-staging', 'a-00001-of-00002.gguf', 'a-00002-of-00002.gguf'])
    for (const name of ['v/config.json', 'v/model-1.safetensors', 'v/sub/tokens']) await source(name, 10)
    const path = await begin(join(from, 'v')).staged
    expect((await readdir(path, { recursive: true })).sort()).toEqual([
      'config.json',
      'model-1.safetensors',
      'sub',
      'sub/tokens',
    ])
  })

  it('is copied again when its source has changed, by size or by time', async () => {
    const model = await source('m.gguf', 100)
    const path = await begin(model).staged
    await writeFile(model, randomBytes(101))
    await begin(model).staged
    expect(await hashOf(path)).toBe(await hashOf(model))
    await writeFile(model, randomBytes(101))
    await utimes(model, 1, 1_000)
    await begin(model).staged
    expect(await hashOf(path)).toBe(await hashOf(model))
  })

  it('that is a directory holds what its source holds, and nothing of an older version', async () => {
    for (const name of ['v/a.safetensors', 'v/sub/b', 'other']) await source(name, 10)
    const path = await begin(join(from, 'v')).staged
    await begin(join(from, 'other')).staged
    await rm(join(from, 'v/sub/b'))
    await source('v/c.safetensors', 10)
    await begin(join(from, 'v')).staged
    expect((await readdir(path, { recursive: true })).sort()).toEqual(['a.safetensors', 'c.safetensors', 'sub'])
    expect(await readdir(to)).toContain('other')
  })

  it('that is empty comes too', async () => {
    const path = await begin(await source('empty', 0)).staged
    expect((await stat(path)).size).toBe(0)
  })

  it('is copied once for all who want it', async () => {
    const model = await source('m.gguf', 40 * MIB)
    const all = [begin(model), begin(model), begin(model)]
    const paths = await Promise.all(all.map(one => one.staged))
    expect(new Set(paths).size).toBe(1)
    expect(await hashOf(paths[0] ?? '')).toBe(await hashOf(model))
    expect(await left()).toEqual([])
  })

  it('tells how far it is', async () => {
    const model = await source('m.gguf', 100)
    const { staged, message } = begin(model)
    expect(message()).toBe('Copying m.gguf to this node')
    await staged
    const again = begin(model)
    await until('its message', () => again.message(), {
      ...WAIT,
      holds: text => text.includes('100 % of 100 B'),
      intervalMs: 1,
    })
    await again.staged
  })
})

describe('a copy that was killed', () => {
  it('goes on where it was', async () => {
    const model = await source('m.gguf', 48 * MIB)
    const work = await killedAfter(model, 'm.gguf', 3)
    const { ino } = await stat(`${work}.part`)
    const path = await begin(model).staged
    expect((await stat(path)).ino).toBe(ino)
    expect(await hashOf(path)).toBe(await hashOf(model))
    expect(await left()).toEqual([])
  })

  it('goes on only from what is as it was read', async () => {
    const model = await source('m.gguf', 48 * MIB)
    const work = await killedAfter(model, 'm.gguf', 3)
    const part = await open(`${work}.part`, 'r+')
    await part.write('torn', 9 * MIB)
    await part.close()
    expect(await hashOf(await begin(model).staged)).toBe(await hashOf(model))
  })

  it('goes on from a part that is shorter than its list, and from a list with half a line', async () => {
    const model = await source('m.gguf', 48 * MIB)
    const work = await killedAfter(model, 'm.gguf', 3)
    await truncate(`${work}.part`, 12 * MIB)
    await truncate(`${work}.chunks`, (await stat(`${work}.chunks`)).size - 30)
    expect(await hashOf(await begin(model).staged)).toBe(await hashOf(model))
  })

  it('begins anew when the source is another', async () => {
    const model = await source('m.gguf', 48 * MIB)
    await killedAfter(model, 'm.gguf', 3)
    await writeFile(model, randomBytes(20 * MIB))
    expect(await hashOf(await begin(model).staged)).toBe(await hashOf(model))
  })

  it('whose lock was left is gone on with', async () => {
    const model = await source('m.gguf', 100)
    const lock = join(to, '.sluice-staging/m.gguf.lock')
    await mkdir(lock, { recursive: true })
    await utimes(lock, 1, 1)
    await begin(model).staged
    expect(await left()).toEqual([])
  })
})

describe('a copy that cannot be', () => {
  it('ends at once when it is told to, and keeps its part', async () => {
    const model = await source('m.gguf', 128 * MIB)
    const { staged, abort } = begin(model)
    const work = join(to, '.sluice-staging/m.gguf')
    await until('a chunk', async () => (await stat(`${work}.part`).catch(() => undefined)) !== undefined, {
      ...WAIT,
      intervalMs: 1,
    })
    abort.abort(new Error('TERM'))
    await expect(staged).rejects.toThrow('TERM')
    expect(await left()).toEqual(['m.gguf.chunks', 'm.gguf.part'])
  })

  it('ends while it waits for another’s', async () => {
    const model = await source('m.gguf', 100)
    const lock = join(to, '.sluice-staging/m.gguf.lock')
    await mkdir(lock, { recursive: true })
    const { staged, abort } = begin(model)
    staged.catch(() => undefined)
    abort.abort(new Error('TERM'))
    await expect(staged).rejects.toThrow('TERM')
  })

  it('says so when the source is not there', async () => {
    await expect(begin(join(from, 'm.gguf')).staged).rejects.toThrow(/^Cannot copy m\.gguf to ".*scratch": ENOENT/)
  })

  it('says so when the source changes while it is copied, and gives its space back', async () => {
    const model = await source('m.gguf', 128 * MIB)
    const { staged } = begin(model)
    const work = join(to, '.sluice-staging/m.gguf')
    await until('a chunk', async () => (await stat(`${work}.part`).catch(() => undefined)) !== undefined, {
      ...WAIT,
      intervalMs: 1,
    })
    await utimes(model, 5, 5)
    await expect(staged).rejects.toThrow(`Cannot copy "${model}": it changed while it was copied`)
    expect(await left()).toEqual([])
  })
})

describe.runIf(process.getuid?.() === 0)('a disk that is full', () => {
  it('is told before, and when it happens, and nothing of the copy stays', async () => {
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'stage', to])
    try {
      const large = await source('large.gguf', 340 * MIB)
      await expect(begin(large).staged).rejects.toThrow(
        `Cannot copy large.gguf to "${to}": it takes 340.0 MiB, and 400.0 MiB are free; make room there, or name another disk (stage.to)`,
      )
      // It fits when it is begun; then somebody else takes the room.
      const model = await source('m.gguf', 300 * MIB)
      const { staged } = begin(model)
      staged.catch(() => undefined)
      const work = join(to, '.sluice-staging/m.gguf')
      await until('a part', async () => (await stat(`${work}.part`).catch(() => undefined)) !== undefined, {
        ...WAIT,
        intervalMs: 0,
      })
      await execa('fallocate', ['--length', String(150 * MIB), join(to, 'other')])
      await expect(staged).rejects.toThrow(
        /^Cannot copy m\.gguf to ".*": it takes 300\.0 MiB, and .* are free; make room/,
      )
      expect(await left()).toEqual([])
    } finally {
      await execa('umount', ['--lazy', to])
    }
  })
})
