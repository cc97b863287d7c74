import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRegistry } from '../../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'
import { endpoint } from '../../support/endpoint.ts'

const FILE = `endpoints/${endpoint.id}.json`

async function published() {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-registry-'))
  const registry = openRegistry(shared, createSerialQueue(systemClock, 5_000))
  await registry.make()
  await registry.publish(endpoint)
  return { shared, registry }
}

describe('the file of an endpoint', () => {
  it('stands as it was published', async () => {
    const { registry } = await published()
    expect(await registry.stands(endpoint)).toBe('stands')
    expect(await registry.stands(endpoint)).toBe('stands')
    expect(await registry.stands({ ...endpoint, state: 'draining' })).toBe('gone')
  })

  it.each<[string, (shared: string) => Promise<unknown>]>([
    ['was removed', shared => rm(join(shared, FILE))],
    ['has grown without bound', async shared => truncate(join(shared, FILE), 2 ** 40)],
    ['is another text', shared => writeFile(join(shared, FILE), '{}')],
    ['went away with its directory', shared => rm(join(shared, 'endpoints'), { recursive: true })],
    [
      'was replaced by a directory',
      async shared => {
        await rm(join(shared, FILE))
        await mkdir(join(shared, FILE))
      },
    ],
  ])('is gone where it %s', async (_, harm) => {
    const { shared, registry } = await published()
    await registry.stands(endpoint)
    await harm(shared)
    expect(await registry.stands(endpoint)).toBe('gone')
  })

  it('is not said to be gone where that cannot be found out', async () => {
    const { shared, registry } = await published()
    await rm(join(shared, 'endpoints'), { recursive: true })
    await writeFile(join(shared, 'endpoints'), '')
    await expect(registry.stands(endpoint)).rejects.toThrow('ENOTDIR')
  })

  it('is fenced where a later run of the job has published', async () => {
    const { shared, registry } = await published()
    await rm(join(shared, FILE))
    await writeFile(join(shared, 'endpoints/fast-4242-2-0.json'), '{}')
    expect(await registry.stands(endpoint)).toBe('fenced')
  })
})

it('makes its directories again where they have gone, but never the shared directory itself', async () => {
  const { shared, registry } = await published()
  const scan = async () => (await registry.scan()).endpoints.map(one => one.id)
  for (const name of ['endpoints', 'beats', 'routes']) await rm(join(shared, name), { recursive: true })
  await registry.beat('fast-4242-1', { version: 1, beat: 1, endpoints: {} })
  expect(await readdir(shared)).toEqual(expect.arrayContaining(['endpoints', 'beats', 'routes']))
  expect(await registry.stands(endpoint)).toBe('gone')
  await registry.publish(endpoint)
  expect(await scan()).toEqual([endpoint.id])

  await rm(shared, { recursive: true })
  await expect(registry.publish(endpoint)).rejects.toThrow('Cannot make')
  await expect(readdir(shared)).rejects.toThrow('ENOENT')
})
