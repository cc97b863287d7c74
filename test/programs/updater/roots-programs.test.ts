import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { findRootsPrograms } from '../../../src/programs/updater/roots-programs.ts'

// Root alone can make what others own.
describe.skipIf(process.getuid?.() !== 0)('what root reads and runs', () => {
  let root = ''
  const at = (path: string) => join(root, path)
  beforeEach(async () => {
    root = await mkdtemp('/tmp/sluice-')
    onTestFinished(() => rm(root, { recursive: true }))
    await chmod(root, 0o755)
    for (const path of ['conf.d', 'state', 'templates/nginx', 'bin']) await mkdir(at(path), { recursive: true })
    for (const path of ['sluice.yaml', 'sluice.cjs', 'templates/nginx/tier', 'reload.sh', 'bin/nginx', 'bin/true']) {
      await writeFile(at(path), '#!/bin/sh\n')
      await chmod(at(path), 0o755)
    }
  })
  const find = (reload = 'true', PATH = '/usr/bin:/bin') =>
    findRootsPrograms(
      {
        ...{ config: at('sluice.yaml'), gateway: { directory: at('conf.d'), reload }, directory: at('state') },
        ...{ self: [at('sluice.cjs')], templates: at('templates') },
      },
      { PATH, LANG: 'C' },
    )

  it('is found by its own PATH, whatever PATH it was started with', async () => {
    const { env, nginx, reload } = await find('true --now', `${at('bin')}:/usr/bin`)
    expect(env).toEqual({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' })
    expect([nginx, ...reload].filter(word => word.startsWith(root))).toEqual([])
    expect(reload).toEqual([expect.stringMatching(/^\/(usr\/)?bin\/true$/), '--now'])
  })

  it.each([
    ['sluice.yaml', 'sluice.yaml'],
    ['the directory that nginx includes', 'conf.d'],
    ['the state', 'state'],
    ['Sluice', 'sluice.cjs'],
    ['a template', 'templates/nginx/tier'],
    ['a directory of templates', 'templates/nginx'],
  ])('is refused where another account may write %s', async (_, path) => {
    await find()
    await chown(at(path), 2001, 0)
    await expect(find()).rejects.toThrow(`uid 2001 may write "${at(path)}"`)
    await chown(at(path), 0, 0)
    await chmod(at(path), 0o777)
    await expect(find()).rejects.toThrow(`everybody may write "${at(path)}"`)
  })

  it.each([
    ['its program', (path: string) => `${path} now`],
    ['its program, below the directory where it runs', (path: string) => `${path.slice(1)} now`],
    ['what its interpreter runs', (path: string) => `sh -e ${path}`],
    ['what one of its options names', (path: string) => `true --config=${path}`],
  ])('is refused where another account may write the reload command: %s', async (_, command) => {
    await find(command(at('reload.sh')))
    await chown(at('reload.sh'), 2001, 0)
    await expect(find(command(at('reload.sh')))).rejects.toThrow(`uid 2001 may write "${at('reload.sh')}"`)
  })
})
