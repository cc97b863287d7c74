import { readdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { openDebianNode } from './debian-node.ts'
import { fetchNodes, freshCheckout, packedAndInstalled } from './fetch-nodes.ts'

const root = join(import.meta.dirname, '../..')
const BUNDLE = join(root, 'dist/sluice.cjs')
const NODE_PACKAGE = `node-linux-${process.arch}`
const PATIENCE_MS = 300_000
const [nodes, installed, debian] = await Promise.all([
  fetchNodes(['18.20.4', '20.19.0', '22.12.0', '24.11.0'], ['11.6.1']),
  packedAndInstalled(),
  openDebianNode(),
])
const { version } = (await import('../../package.json', { with: { type: 'json' } })).default

describe('the bundle', () => {
  const run = async (node: string) => {
    const { exitCode, stdout, stderr } = await execa(nodes.node(node), [BUNDLE, '--version'], { reject: false })
    return { exitCode, stdout, stderr }
  }

  it.each(['22.12.0', '24.11.0'])('runs on Node %s', async node => {
    expect(await run(node)).toEqual({ exitCode: 0, stdout: version, stderr: '' })
  })

  it.each(['18.20.4', '20.19.0'])('says on Node %s in one line which it needs, and where one lies', async node => {
    const line = `^sluice needs Node 22\\.12 or newer, and this is ${node}\\. One that is newer lies here: \\S+/node ${BUNDLE}$`
    expect(await run(node)).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(new RegExp(line)) })
  })
})

describe('node_modules/.bin/sluice of an installation', () => {
  const run = async (node: string) => {
    const PATH = `${dirname(nodes.node(node))}:/usr/bin:/bin`
    const options = { cwd: installed, reject: false, extendEnv: false, env: { PATH } } as const
    const { exitCode, stdout, stderr } = await execa('./node_modules/.bin/sluice', ['config', 'schema'], options)
    return { exitCode, stdout, stderr }
  }

  it.each(['22.12.0', '24.11.0'])('runs on Node %s', async node => {
    expect(await run(node)).toEqual({ exitCode: 0, stdout: expect.stringContaining('"runtime"'), stderr: '' })
  })

  it('is of the one package that an installation fetches', async () => {
    expect(await readdir(join(installed, 'node_modules'))).toEqual(['.bin', '.package-lock.json', 'sluice'])
  })

  it.each(['18.20.4', '20.19.0'])('says on Node %s in one line which it needs, and what brings one', async node => {
    const line = `sluice needs Node 22.12 or newer, and this is ${node}. npm install ${NODE_PACKAGE} brings one; in a checkout npm ci does`
    expect(await run(node)).toEqual({ exitCode: 2, stdout: '', stderr: line })
  })

  it('says where that one lies once it is installed', async () => {
    await symlink(join(root, 'node_modules', NODE_PACKAGE), join(installed, 'node_modules', NODE_PACKAGE))
    const { stderr, ...rest } = await run('20.19.0')
    expect([rest, stderr]).toEqual([
      { exitCode: 2, stdout: '' },
      expect.stringMatching(/^sluice needs Node 22\.12 or newer, and this is \S+\. One that is newer lies here: .+$/),
    ])
    const [own = '', bundle = ''] = stderr.split(': ').at(-1)?.split(' ') ?? []
    expect((await execa(own, [bundle, '--version'])).stdout).toBe(version)
  })
})

const ANSWERED = / 200 after \d+ ms: "/

/** `npm start -- --once` as a person with this Node calls it. */
async function start(checkout: string, bin: string) {
  const { exitCode, all } = await execa(join(bin, 'npm'), ['start', '--', '--once'], {
    ...{ cwd: checkout, all: true, reject: false, timeout: PATIENCE_MS, extendEnv: false },
    env: {
      PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      ...{ HOME: process.env['HOME'], TMPDIR: join(checkout, 'tmp') },
    },
  })
  return { exitCode, all }
}

it.concurrent('npm start on Node 24 installs what is missing and ends with an answered chat completion', async () => {
  const [checkout, newest] = await Promise.all([freshCheckout(), nodes.only('24.11.0', '11.6.1')])
  expect(await start(checkout, newest)).toEqual({ exitCode: 0, all: expect.stringMatching(ANSWERED) })
  // With another Node nothing has to be installed anew: an installation costs a minute.
  for (const older of ['22.12.0', '20.19.0']) {
    const { exitCode, all } = await start(checkout, await nodes.only(older, '11.6.1'))
    expect({ exitCode, all, older }).toEqual({ exitCode: 0, all: expect.stringMatching(ANSWERED), older })
    expect(all).not.toContain('npm ci')
  }
})

// There npm leaves out the bundler's binary, for which its Node is too old.
it.concurrent("npm start on Debian 12's own nodejs and npm ends with an answered chat completion", async () => {
  const checkout = await freshCheckout()
  const { exitCode, all } = await debian.run(checkout, ['sh', '-c', 'node -v && npm -v && exec npm start -- --once'])
  expect(all).toMatch(/^v18\.\d+\.\d+\n9\.2\.\d+\n/)
  expect(all).toMatch(ANSWERED)
  expect(exitCode).toBe(0)
})
