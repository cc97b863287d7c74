import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeRegistry } from '../../../src/adapters/registry/directories.ts'
import {
  publishEndpoint,
  removeEarlierRuns,
  removeEndpoint,
  writeBeat,
} from '../../../src/adapters/registry/publish.ts'
import { createRoutesReader, writeRoutes } from '../../../src/adapters/registry/routes.ts'
import { createRegistryScanner } from '../../../src/adapters/registry/scan.ts'
import { formatEndpoint } from '../../../src/core/domain/endpoint.ts'
import { endpoint } from '../../support/endpoint.ts'

let shared = ''
/** One scan by a scanner that has not looked before. */
async function scanRegistry(directory: string) {
  const scanner = createRegistryScanner(directory)
  try {
    return await scanner.scan({ beats: true })
  } finally {
    await scanner.close()
  }
}

const file = (name: string) => join(shared, 'endpoints', name)

beforeEach(async () => {
  shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await makeRegistry(shared)
})

it('finds what was published, with its beat, until it is removed', async () => {
  await publishEndpoint(shared, endpoint)
  await writeBeat(shared, 'fast-4242-1', { version: 1, beat: 9, endpoints: {} })
  expect(await scanRegistry(shared)).toEqual({
    endpoints: [endpoint],
    beats: new Map([['fast-4242-1', { version: 1, beat: 9, endpoints: {} }]]),
    problems: [],
  })
  await removeEndpoint(shared, endpoint.id)
  expect(await scanRegistry(shared)).toEqual({ endpoints: [], beats: new Map(), problems: [] })
})

it('removes what earlier runs of a job have left, and nothing else', async () => {
  const run = (jobId: string, restarts: number) => {
    const id = `fast-${jobId}-${restarts}-0`
    return { ...endpoint, id, job: { ...endpoint.job, id: jobId, restarts } }
  }
  const [old, older, ours, other] = [run('42', 9), run('42', 0), run('42', 10), run('4', 0)]
  for (const one of [old, older, ours, other]) await publishEndpoint(shared, one)
  await removeEarlierRuns(shared, { tier: 'fast', jobId: '42', restarts: 10 })
  expect((await scanRegistry(shared)).endpoints).toEqual([other, ours])
})

it('says so when the directory cannot be read, instead of finding nothing', async () => {
  await rm(shared, { recursive: true })
  await expect(scanRegistry(shared)).rejects.toThrow('ENOENT')
})

it('does not replace a mount that is away by a new tree', async () => {
  await rm(shared, { recursive: true })
  await expect(makeRegistry(shared)).rejects.toThrow(
    `Cannot make "${join(shared, 'endpoints')}": its directory does not exist (ENOENT)`,
  )
})

describe('one bad file', () => {
  const bad = 'fast-1-0-0.json'
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['empty', () => writeFile(file(bad), ''), /Empty file/],
    ['torn', () => writeFile(file(bad), formatEndpoint(endpoint).slice(0, 99)), /Not JSON/],
    ['binary', () => writeFile(file(bad), Buffer.from([0, 255, 1])), /Not JSON/],
    ['huge', () => writeFile(file(bad), '').then(() => truncate(file(bad), 2 ** 40)), /1099511627776 bytes/],
    ['of another name', () => writeFile(file(bad), formatEndpoint(endpoint)), /disagree/],
    ['named as no endpoint', () => writeFile(file('a; }.json'), '{}'), /Not the name/],
    ['a symbolic link', () => symlink('/etc/passwd', file(bad)), /symbolic link/],
    ['a directory', () => mkdir(file(bad)), /Not a regular file/],
    ['a pipe', async () => execFileSync('mkfifo', [file(bad)]), /Not a regular file/],
  ])('that is %s is named and stops nobody', async (_, make, problem) => {
    await publishEndpoint(shared, endpoint)
    await make()
    const scan = await scanRegistry(shared)
    expect(scan.endpoints).toEqual([endpoint])
    expect(scan.problems).toHaveLength(1)
    expect(scan.problems[0]?.message).toMatch(problem)
  })

  it.runIf(process.getuid?.() === 0)('that belongs to somebody else is named (needs root to make one)', async () => {
    await writeFile(file(bad), JSON.stringify({ ...endpoint, id: 'fast-1-0-0' }))
    await chown(file(bad), 12345, 12345)
    expect((await scanRegistry(shared)).problems[0]?.message).toBe('Owned by uid 12345, not by ours (0)')
  })

  it('that is being written is passed over', async () => {
    await writeFile(file('.fast-1-0-0.json.abc.tmp'), 'half')
    await chmod(file('.fast-1-0-0.json.abc.tmp'), 0)
    expect(await scanRegistry(shared)).toMatchObject({ endpoints: [], problems: [] })
  })
})

it('reads every gateway, and does not take one that it cannot understand for one that names nobody', async () => {
  const routes = { version: 1, gateway: 'main', beat: 3, generation: 2, tiers: { fast: [endpoint.id] } } as const
  await writeRoutes(shared, { ...routes, tiers: { fast: [...routes.tiers.fast] } }, { flush: true })
  await writeFile(join(shared, 'routes', 'torn.json'), '{"version":1,')
  const reader = createRoutesReader(shared)
  expect([...(await reader.read())]).toEqual([
    ['main', routes],
    ['torn', expect.objectContaining({ problem: 'Not JSON' })],
  ])
})

describe('a scanner that goes on', () => {
  it('follows what is published, changed and removed', async () => {
    const scanner = createRegistryScanner(shared)
    expect((await scanner.scan({ beats: true })).endpoints).toEqual([])
    await publishEndpoint(shared, endpoint)
    await writeBeat(shared, 'fast-4242-1', { version: 1, beat: 1, endpoints: {} })
    expect((await scanner.scan({ beats: true })).endpoints).toEqual([endpoint])
    const draining = { ...endpoint, state: 'draining' as const }
    await publishEndpoint(shared, draining)
    await writeBeat(shared, 'fast-4242-1', { version: 1, beat: 2, endpoints: {} })
    const later = await scanner.scan({ beats: true })
    expect(later.endpoints).toEqual([draining])
    expect(later.beats.get('fast-4242-1')?.beat).toBe(2)
    await writeFile(file('fast-4242-1-0.json'), 'torn')
    expect(await scanner.scan({ beats: true })).toMatchObject({
      endpoints: [],
      problems: [{ message: expect.stringContaining('Not JSON') }],
    })
    await publishEndpoint(shared, endpoint)
    expect(await scanner.scan({ beats: true })).toMatchObject({ endpoints: [endpoint], problems: [] })
    await removeEndpoint(shared, endpoint.id)
    expect(await scanner.scan({ beats: true })).toEqual({ endpoints: [], beats: new Map(), problems: [] })
    await scanner.close()
  })

  it('leaves the beats alone where it is told to', async () => {
    await publishEndpoint(shared, endpoint)
    await writeBeat(shared, 'fast-4242-1', { version: 1, beat: 1, endpoints: {} })
    const scanner = createRegistryScanner(shared)
    await scanner.scan({ beats: true })
    await writeBeat(shared, 'fast-4242-1', { version: 1, beat: 2, endpoints: {} })
    expect((await scanner.scan({ beats: false })).beats.get('fast-4242-1')?.beat).toBe(1)
    expect((await scanner.scan({ beats: true })).beats.get('fast-4242-1')?.beat).toBe(2)
    await scanner.close()
  })

  it('knows all again after the directory was away, also what changed meanwhile', async () => {
    const other = { ...endpoint, id: 'fast-17-0-0', job: { ...endpoint.job, id: '17', restarts: 0 } }
    await publishEndpoint(shared, endpoint)
    await publishEndpoint(shared, other)
    const scanner = createRegistryScanner(shared)
    expect((await scanner.scan({ beats: true })).endpoints).toHaveLength(2)
    await rename(shared, `${shared}.away`)
    await expect(scanner.scan({ beats: true })).rejects.toThrow('ENOENT')
    await removeEndpoint(`${shared}.away`, other.id)
    await rename(`${shared}.away`, shared)
    expect((await scanner.scan({ beats: true })).endpoints).toEqual([endpoint])
    await scanner.close()
  })
})
