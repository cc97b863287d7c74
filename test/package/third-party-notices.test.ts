import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packagesOf, thirdPartyNotices } from '../../scripts/third-party-notices.ts'

it('every package that a bundle takes a module from is named once', () => {
  const modules = ['/r/src/a.ts', '/r/node_modules/zod/a.js', '/r/node_modules/zod/b.js', '\0rolldown/runtime.js']
  const nested = ['/r/node_modules/@scope/one/lib/a.js', '/r/node_modules/zod/node_modules/two/a.js']
  expect(packagesOf([...modules, ...nested])).toEqual([
    '/r/node_modules/@scope/one',
    '/r/node_modules/zod',
    '/r/node_modules/zod/node_modules/two',
  ])
})

it('a notice has name, version, licence and its text; a package without a licence is not bundled', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const write = async (name: string, files: Readonly<Record<string, string>>) => {
    await mkdir(join(directory, name))
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, name, file), text)
    return join(directory, name)
  }
  const one = await write('one', {
    'package.json': '{"name":"one","version":"1.0.0","license":"MIT"}',
    LICENSE: 'Permission\n',
  })
  const none = await write('none', { 'package.json': '{"name":"none","version":"1.0.0"}' })
  expect(await thirdPartyNotices([one])).toBe('one 1.0.0 (MIT)\n\nPermission\n')
  await expect(thirdPartyNotices([one, none])).rejects.toThrow('Cannot bundle none')
})
