import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { installParts } from '../../src/commands/install.ts'

let from = ''
let to = ''
const parts = () => ({
  files: { node: join(from, 'node'), 'sluice.cjs': join(from, 'sluice.cjs') },
  directories: { templates: join(from, 'templates'), licenses: join(from, 'licenses') },
})
const install = (dryRun = false, signal = new AbortController().signal) =>
  installParts({ parts: parts(), to, version: '1.2.3', dryRun, signal })

beforeEach(async () => {
  from = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  to = join(await mkdtemp(join(tmpdir(), 'sluice-test-')), 'sluice')
  for (const name of ['templates/nginx', 'licenses']) await mkdir(join(from, name), { recursive: true })
  for (const name of ['node', 'sluice.cjs', 'templates/nginx/nginx.conf', 'licenses/NODE-LICENSE'])
    await writeFile(join(from, name), `${name}\n`)
  await chmod(join(from, 'node'), 0o755)
})

it('installs everything with its sums, points current at it, and does nothing the second time', async () => {
  const first = await install()
  expect(first.wasThere).toBe(false)
  expect((await readdir(first.target)).sort()).toEqual(
    ['SHA256SUMS', 'licenses', 'node', 'sluice', 'sluice.cjs', 'templates'].sort(),
  )
  expect(await readFile(join(first.target, 'SHA256SUMS'), 'utf8')).toMatch(
    /^[0-9a-f]{64} {2}templates\/nginx\/nginx.conf$/m,
  )
  expect(await install()).toEqual({ target: first.target, wasThere: true })
  expect(join(to, await readlink(join(to, 'current')))).toBe(first.target)
  expect((await readdir(to)).filter(name => name.startsWith('.'))).toEqual([])
})

it.each(['node', 'sluice.cjs', 'templates/nginx/nginx.conf', 'licenses/NODE-LICENSE'])(
  'installs another version when %s has changed',
  async name => {
    const first = await install()
    await writeFile(join(from, name), 'other\n')
    const second = await install()
    expect([second.wasThere, second.target === first.target]).toEqual([false, false])
    expect(join(to, await readlink(join(to, 'current')))).toBe(second.target)
  },
)

it.each(['node', 'sluice', 'templates/nginx/nginx.conf'])('sees that the installed %s was cut short', async name => {
  const { target } = await install()
  await truncate(join(target, name), 2)
  await expect(install()).rejects.toThrow(`${name} differ`)
})

it('says what it would do, and writes nothing', async () => {
  const { target } = await install(true)
  await expect(readdir(to)).rejects.toThrow('ENOENT')
  expect((await install()).target).toBe(target)
})

it('leaves nothing that is not whole when a signal ends it', async () => {
  const ending = new AbortController()
  let looked = 0
  // Read before each piece of work: this one comes in the middle of the copying.
  const signal = Object.assign(ending.signal, {
    throwIfAborted() {
      looked += 1
      if (looked === 3) ending.abort('SIGTERM')
      AbortSignal.prototype.throwIfAborted.call(ending.signal)
    },
  })
  await expect(install(false, signal)).rejects.toBe('SIGTERM')
  expect(await readdir(to)).toEqual([])
})

it.each(['/proc/nope', 'a file'])('says in one sentence that it cannot install below %s', async place => {
  to = place === 'a file' ? join(from, 'node', 'sluice') : place
  await expect(install()).rejects.toThrow(/^Cannot make directory "[^"]+": .*; name another place$/)
})
