import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeRegistry } from '../../../src/adapters/registry/directories.ts'
import { KEPT_MS, removeExpired } from '../../../src/adapters/registry/expire.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'

const OLD = [
  'events/fast-12-0.jsonl',
  'events/fast-12-0.jsonl.1',
  'logs/12/engine.log',
  'endpoints/fast-12-0-0.json',
  'beats/fast-12-0.json',
  'requests/fast-12-0.json',
  'endpoints/.fast-12-0-0.json.0123456789ab.tmp',
  'routes/.main.json.0123456789ab.tmp',
]
const KEPT = [
  'events/updater-main.jsonl',
  'events/operator-host.jsonl',
  'events/fast-13-0.jsonl',
  'logs/13/engine.log',
  'logs/notes/of-somebody',
  'endpoints/fast-13-0-0.json',
  'endpoints/README',
  'keys/0123456789abcdef',
  'routes/main.json',
]

it('removes what a month has passed over, but nothing of a living job and nothing of others', async () => {
  const shared = await sharedWith([...OLD, ...KEPT])
  await age(shared, [...OLD, ...KEPT], KEPT_MS + 60_000)
  await write(shared, 'routes/main.json')
  expect(await expire(shared)).toBe(OLD.length)
  expect(await filesOf(shared)).toEqual([...KEPT].sort())
})

it('removes nothing before that, by the clock that stamps the files', async () => {
  const shared = await sharedWith([...OLD, ...KEPT])
  await age(shared, OLD, KEPT_MS - 60_000)
  expect(await expire(shared)).toBe(0)
  // Whatever this machine's clock says: all files are old, and as old as each other.
  await write(shared, 'routes/other.json')
  await age(shared, [...OLD, ...KEPT, 'routes/other.json'], 10 * KEPT_MS)
  expect(await expire(shared)).toBe(0)
})

it('removes nothing where no gateway says what time it is, nor what it cannot list', async () => {
  const shared = await sharedWith(OLD)
  await age(shared, OLD, 10 * KEPT_MS)
  expect(await expire(shared)).toBe(0)
  await rm(join(shared, 'routes'), { recursive: true })
  await expect(expire(shared)).rejects.toThrow('ENOENT')
})

it('takes the word of no other file for what time it is', async () => {
  const shared = await sharedWith([...OLD, ...KEPT, 'routes/other.json'])
  await age(shared, ['routes/other.json'], -100 * KEPT_MS)
  expect(await expire(shared)).toBe(0)
})

it.each([-100 * KEPT_MS, 2 * 86_400_000])('removes nothing where the share is %i ms behind this machine', async ms => {
  const shared = await sharedWith([...OLD, ...KEPT])
  await age(shared, ['routes/main.json'], ms)
  await age(shared, OLD, 3 * KEPT_MS)
  expect(await expire(shared)).toBe(0)
})

function expire(shared: string): Promise<number> {
  return removeExpired(shared, {
    gateway: 'main',
    serialQueue: createSerialQueue(systemClock, 5_000),
    isAlive: id => id === '13',
  })
}

async function sharedWith(files: readonly string[]): Promise<string> {
  const shared = await mkdtemp(join(tmpdir(), 'expire-'))
  onTestFinished(() => rm(shared, { recursive: true }))
  await makeRegistry(shared)
  for (const file of files) await write(shared, file)
  return shared
}

async function write(shared: string, file: string): Promise<void> {
  await mkdir(dirname(join(shared, file)), { recursive: true })
  await writeFile(join(shared, file), '{}')
}

async function age(shared: string, files: readonly string[], ms: number): Promise<void> {
  const then = new Date(Date.now() - ms)
  for (const file of files) {
    await utimes(join(shared, file), then, then)
    if (file.startsWith('logs/')) await utimes(dirname(join(shared, file)), then, then)
  }
}

async function filesOf(shared: string): Promise<string[]> {
  const entries = await readdir(shared, { recursive: true, withFileTypes: true })
  return entries
    .filter(one => one.isFile())
    .map(one => join(one.parentPath, one.name).slice(shared.length + 1))
    .sort()
}
