import { symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeCheckout } from './checkout.ts'

it('./sluice builds, keeps to the directory it is called from, and gives standard output to the program alone', async () => {
  const { path, run } = await makeCheckout()
  const elsewhere = join(path, 'elsewhere')
  const first = await run(['../sluice', 'status', '--json'], elsewhere)
  expect(first.lines.map(line => JSON.parse(line))).toEqual([[elsewhere, 'status', '--json']])
  expect(first).toMatchObject({ code: 0, said: ['Building dist/sluice.cjs (seconds)', 'built'] })
  expect((await run(['../sluice', 'up'], elsewhere)).said).toEqual([])
})

it('./sluice builds again when a source is newer, and is found behind a link', async () => {
  const { path, run } = await makeCheckout()
  await run(['./sluice'])
  const later = Date.now() / 1_000 + 60
  await utimes(join(path, 'templates'), later, later)
  await symlink(join(path, 'sluice'), join(path, 'elsewhere/linked'))
  expect((await run(['./elsewhere/linked'])).said).toContain('built')
})

const OFFLINE = `
echo 'npm error code ENOTFOUND
npm error syscall getaddrinfo
npm error errno ENOTFOUND
npm error network request to https://registry.example/zod-4.tgz failed, reason: getaddrinfo ENOTFOUND registry.example
npm error network This is a problem related to network connectivity.
npm error A complete log of this run can be found in: /root/.npm/_logs/1.log' >&2
exit 1`

it.each([
  [
    'npm 10 without a network',
    OFFLINE,
    'network request to https://registry.example/zod-4.tgz failed, reason: getaddrinfo',
  ],
  ['npm 9 likewise', OFFLINE.replaceAll('npm error', 'npm ERR!'), 'network request to https://registry.example/zod-4'],
  [
    'a disk without room',
    "echo 'npm error code ENOSPC\nnpm error ENOSPC: no space left' >&2; exit 1",
    'ENOSPC: no space',
  ],
  ['npm that says something else', 'echo strange; exit 1', 'strange'],
])('%s is one line', async (_, npm, reason) => {
  const { run, add } = await makeCheckout({ isInstalled: false })
  await add('npm', npm)
  await add('node', 'exit 0')
  const { code, lines, said } = await run(['./sluice', 'status'])
  expect({ code, lines }).toEqual({ code: 1, lines: [] })
  expect(said[0]).toMatch(/^Fetching what Sluice is built with/)
  expect(said[1]).toContain(`Cannot install what Sluice is built with: npm ci says: ${reason}`)
  expect(said.slice(2)).toEqual([])
})

it('without npm it says that any Node brings one', async () => {
  const { run } = await makeCheckout({ isInstalled: false })
  const without = 'bin=$(mktemp -d); ln -s /usr/bin/* "$bin"; rm -f "$bin/npm"; PATH=$bin ./sluice'
  const { code, said } = await run(['/bin/sh', '-c', without])
  expect({ code, last: said.at(-1) }).toEqual({
    code: 1,
    last: expect.stringContaining('there is no npm on PATH; every Node from 18 on brings one'),
  })
})
