import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeRegistry } from '../../../src/adapters/registry/directories.ts'
import { removeEndpoint } from '../../../src/adapters/registry/publish.ts'
import { readRequest, writeRequest } from '../../../src/adapters/registry/requests.ts'

const request = { kind: 'drain', requeue: true, withinSeconds: 60 } as const
let shared: string

beforeEach(async () => {
  shared = await mkdtemp(join(tmpdir(), 'sluice-requests-'))
  await makeRegistry(shared)
})

afterEach(() => rm(shared, { recursive: true }))

it('is heard by the replica that it names, and by no other', async () => {
  await writeRequest(shared, 'fast-7-0', request)
  expect(readRequest(shared, 'fast-7-0')).toEqual(request)
  expect(readRequest(shared, 'fast-7-1')).toBeUndefined()
})

it('goes with the files of the last endpoint', async () => {
  await writeRequest(shared, 'fast-7-0', request)
  for (const index of [0, 1]) await writeFile(join(shared, `endpoints/fast-7-0-${index}.json`), '')
  await writeFile(join(shared, 'beats/fast-7-0.json'), '')
  await removeEndpoint(shared, 'fast-7-0-0')
  expect(await readdir(join(shared, 'requests'))).toEqual(['fast-7-0.json'])
  expect(await readdir(join(shared, 'beats'))).toEqual(['fast-7-0.json'])
  await removeEndpoint(shared, 'fast-7-0-1')
  expect(await readdir(join(shared, 'requests'))).toEqual([])
  expect(await readdir(join(shared, 'beats'))).toEqual([])
})

it('is not used when it is a link, or not ours to this replica', async () => {
  await writeFile(join(shared, 'elsewhere.json'), '{}')
  await symlink(join(shared, 'elsewhere.json'), join(shared, 'requests/fast-7-0.json'))
  expect(() => readRequest(shared, 'fast-7-0')).toThrow(/^Cannot use the request ".*fast-7-0\.json": A symbolic link$/)
  await writeFile(join(shared, 'requests/fast-8-0.json'), '{}')
  expect(() => readRequest(shared, 'fast-8-0')).toThrow(/Not a request to this replica$/)
})

it('is not used when it is of a kind that is not known here', async () => {
  const reload = { version: 1, replica: 'fast-7-0', kind: 'reload' }
  await writeFile(join(shared, 'requests/fast-7-0.json'), JSON.stringify(reload))
  expect(() => readRequest(shared, 'fast-7-0')).toThrow(
    /: It is a request of the kind "reload"; this sluice knows "drain"$/,
  )
})
