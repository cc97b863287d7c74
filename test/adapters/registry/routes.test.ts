import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createRoutesReader, writeRoutes } from '../../../src/adapters/registry/routes.ts'

const MAIN = { version: 1, gateway: 'main', beat: 3, generation: 2, tiers: {} } as const
const isRoot = process.getuid?.() === 0

async function withRoutes() {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-routes-'))
  await mkdir(join(shared, 'routes'))
  await writeRoutes(shared, { ...MAIN, tiers: {} }, { flush: false })
  const reader = createRoutesReader(shared)
  onTestFinished(async () => {
    await reader.close()
    await rm(shared, { recursive: true })
  })
  return { reader, at: join(shared, 'routes', 'old.json'), directory: join(shared, 'routes') }
}

const text = (change: object) => JSON.stringify({ ...MAIN, gateway: 'old', ...change })

it.each<[string, boolean, (path: string) => Promise<unknown>, string]>([
  ['torn', true, path => writeFile(path, '{"version":1,'), 'Not JSON'],
  ['empty', true, path => writeFile(path, ''), 'Empty file'],
  ['null', true, path => writeFile(path, 'null'), 'Not a routes file'],
  ['of another shape', true, path => writeFile(path, text({ tiers: [] })), 'Not a routes file'],
  [
    'of a later version',
    true,
    path => writeFile(path, text({ version: 2 })),
    'Version 2 is newer than this sluice understands (1)',
  ],
  [
    'too large',
    true,
    path => writeFile(path, ' '.repeat(1_048_577)),
    '1048577 bytes, more than the 1048576 that such a file may have',
  ],
  ['a directory', true, path => mkdir(path), 'Not a regular file'],
  ['a pipe', true, async path => execFileSync('mkfifo', [path]), 'Not a regular file'],
  ['a link that leads nowhere', true, path => symlink('/nonexistent/routes.json', path), 'A symbolic link'],
  [
    'unreadable',
    !isRoot,
    async path => {
      await writeFile(path, text({}))
      await chmod(path, 0)
    },
    'Unreadable: permission denied',
  ],
  [
    "another account's",
    isRoot,
    async path => {
      await writeFile(path, text({}))
      await chown(path, 12_345, 12_345)
    },
    'Owned by uid 12345, not by ours (0)',
  ],
])('a file that is %s may name anything, says why, and harms no other', async (_, canBeMade, make, problem) => {
  if (!canBeMade) return
  const { reader, at } = await withRoutes()
  await make(at)
  const expected = [
    ['main', MAIN],
    ['old', expect.objectContaining({ problem })],
  ]
  expect([...(await reader.read())].toSorted()).toEqual(expected)
})

it('a copy by another name is not a gateway, and takes none away with it', async () => {
  const { reader, directory } = await withRoutes()
  await writeFile(join(directory, 'main.back'), 'x')
  expect([...(await reader.read()).keys()]).toEqual(['main'])
  await rm(join(directory, 'main.back'))
  expect([...(await reader.read()).keys()]).toEqual(['main'])
})
