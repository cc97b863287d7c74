import { chmod, chown, lchown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { untrustedWriter } from '../../../src/adapters/system/untrusted-writer.ts'

// Root alone can make what others own.
describe.skipIf(process.getuid?.() !== 0)('who may write', () => {
  async function tree() {
    const root = await mkdtemp('/tmp/sluice-')
    onTestFinished(() => rm(root, { recursive: true }))
    await chmod(root, 0o755)
    await mkdir(join(root, 'a'), { mode: 0o755 })
    const file = join(root, 'a/file')
    await writeFile(file, '', { mode: 0o644 })
    await chmod(file, 0o644)
    return { root, directory: join(root, 'a'), file }
  }

  it('nobody else, also where nothing is yet', async () => {
    const { file, directory } = await tree()
    expect(await untrustedWriter(file)).toBeUndefined()
    expect(await untrustedWriter(join(directory, 'not/yet'))).toBeUndefined()
    expect(await untrustedWriter('/etc/passwd')).toBeUndefined()
  })

  it('the owner, the group and everybody, of the file and of what it lies in', async () => {
    const { file, directory } = await tree()
    for (const path of [file, directory]) {
      await chown(path, 2001, 0)
      expect(await untrustedWriter(file)).toEqual({ path, writer: 'uid 2001' })
      await chown(path, 0, 2001)
      expect(await untrustedWriter(file)).toBeUndefined()
      await chmod(path, 0o775)
      expect(await untrustedWriter(file)).toEqual({ path, writer: 'group 2001' })
      await chown(path, 0, 0)
      await chmod(path, 0o777)
      expect(await untrustedWriter(file)).toEqual({ path, writer: 'everybody' })
      await chmod(path, 0o755)
    }
  })

  it('whom an access control list names, as the bits of the group say', async () => {
    const { file } = await tree()
    await chmod(file, 0o664)
    const writer = 'group 0, or an account of an access control list,'
    expect(await untrustedWriter(file)).toEqual({ path: file, writer })
  })

  it('everybody where what is missing may be made by anybody', async () => {
    expect(await untrustedWriter('/tmp/sluice-that-is-not-there/state')).toEqual({ path: '/tmp', writer: 'everybody' })
  })

  it('whoever may change where a link points, or what is there', async () => {
    const { root, file } = await tree()
    const links = join(root, 'links')
    await mkdir(links, { mode: 0o755 })
    await symlink(file, join(links, 'current'))
    expect(await untrustedWriter(join(links, 'current'))).toBeUndefined()
    await chown(links, 2001, 0)
    expect(await untrustedWriter(join(links, 'current'))).toEqual({ path: links, writer: 'uid 2001' })
    await chown(links, 0, 0)
    await chown(file, 2001, 0)
    expect(await untrustedWriter(join(links, 'current'))).toMatchObject({ writer: 'uid 2001' })
  })

  it('the owner of any link on the way', async () => {
    const { root, file } = await tree()
    const [links, middle] = [join(root, 'links'), join(root, 'middle')]
    for (const path of [links, middle]) await mkdir(path, { mode: 0o755 })
    await symlink(file, join(middle, 'next'))
    await symlink('../middle/next', join(links, 'first'))
    expect(await untrustedWriter(join(links, 'first'))).toBeUndefined()
    await chown(middle, 2001, 0)
    expect(await untrustedWriter(join(links, 'first'))).toEqual({ path: middle, writer: 'uid 2001' })
    await chown(middle, 0, 0)
    await chmod(links, 0o1777)
    await lchown(join(links, 'first'), 2001, 0)
    expect(await untrustedWriter(join(links, 'first'))).toEqual({ path: join(links, 'first'), writer: 'uid 2001' })
  })
})
