import { chmod, mkdtemp, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readKeptKey, readOrCreateSiteKey } from '../../../src/adapters/registry/site-key.ts'
import { fingerprintOf } from '../../../src/core/domain/engine-key.ts'

it('is made once, by the engine that comes first, and for our account alone', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const keys = await Promise.all(Array.from({ length: 20 }, () => readOrCreateSiteKey(shared)))
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(await readFile(join(shared, 'site.key'), 'utf8')).toBe(`${keys[0]}\n`)
  expect((await readdir(shared)).sort()).toEqual(['keys', 'site.key'])
  const kept = join(shared, 'keys', fingerprintOf(keys[0] ?? ''))
  for (const file of [join(shared, 'site.key'), kept]) expect((await stat(file)).mode & 0o777).toBe(0o600)
})

it('is found by its fingerprint when another has taken its place', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  const first = await readOrCreateSiteKey(shared)
  await writeFile(join(shared, 'next'), `${'n'.repeat(32)}\n`, { mode: 0o600 })
  await rename(join(shared, 'next'), join(shared, 'site.key'))
  expect(await readOrCreateSiteKey(shared)).toBe('n'.repeat(32))
  expect(readKeptKey(shared, fingerprintOf(first))).toBe(first)
  expect(readKeptKey(shared, fingerprintOf('n'.repeat(32)))).toBe('n'.repeat(32))
  expect(readKeptKey(shared, fingerprintOf('never'))).toBeUndefined()
})

it('is not taken from a file that holds something else, which is not shown', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  await writeFile(join(shared, 'site.key'), 'hunter2\n', { mode: 0o600 })
  await expect(readOrCreateSiteKey(shared)).rejects.toThrow(
    `Cannot use "${shared}/site.key": it holds no key; write one line of 32 to 128 letters, digits, - or _ there, mode 0600`,
  )
  const key = 'k'.repeat(32)
  await writeFile(join(shared, 'site.key'), key)
  await readOrCreateSiteKey(shared)
  await writeFile(join(shared, 'keys', fingerprintOf(key)), 'o'.repeat(32))
  expect(() => readKeptKey(shared, fingerprintOf(key))).toThrow('its key does not match its name')
  await writeFile(join(shared, 'keys', fingerprintOf(key)), '')
  await readOrCreateSiteKey(shared)
  expect(readKeptKey(shared, fingerprintOf(key))).toBe(key)
})

it('is not followed to where a link leads', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  await writeFile(join(shared, 'elsewhere'), 'k'.repeat(32))
  await symlink(join(shared, 'elsewhere'), join(shared, 'site.key'))
  await expect(readOrCreateSiteKey(shared)).rejects.toThrow('A symbolic link')
})

it.skipIf(process.getuid?.() === 0)('says what keeps it from being made', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-key-'))
  await chmod(shared, 0o500)
  await expect(readOrCreateSiteKey(shared)).rejects.toThrow(
    `Cannot make "${shared}/site.key": permission denied (EACCES)`,
  )
})
