import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { fetchNodes, freshCheckout, packedAndInstalled } from './fetch-nodes.ts'

const root = join(import.meta.dirname, '../..')
const BUNDLE = join(root, 'dist/sluice.cjs')
const PATIENCE_MS = 300_000
const [nodes, installed] = await Promise.all([
  fetchNodes(['18.20.4', '20.19.0', '22.12.0', '24.11.0'], ['9.2.0', '11.6.1']),
  packedAndInstalled(),
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

  it.each(['18.20.4', '20.19.0'])('says on Node %s in one line which it needs, and where one lies', async node => {
    const { stderr, ...rest } = await run(node)
    expect([rest, stderr]).toEqual([
      { exitCode: 2, stdout: '' },
      expect.stringMatching(/^sluice needs Node 22\.12 or newer, and this is \S+\. One that is newer lies here: .+$/),
    ])
    const [own = '', bundle = ''] = stderr.split(': ').at(-1)?.split(' ') ?? []
    expect((await execa(own, [bundle, '--version'])).stdout).toBe(version)
  })
})

// What Debian 12 has, on which npm leaves out the bundler's binary; and one on which it does not.
it.concurrent.each([
  ['18.20.4', '9.2.0'],
  ['24.11.0', '11.6.1'],
])('npm start on Node %s with npm %s ends with an answered chat completion', async (node, npm) => {
  const [checkout, bin] = await Promise.all([freshCheckout(), nodes.only(node, npm)])
  const { exitCode, all } = await execa(join(bin, 'npm'), ['start', '--', '--once'], {
    ...{ cwd: checkout, all: true, reject: false, timeout: PATIENCE_MS, extendEnv: false },
    env: {
      PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      ...{ HOME: process.env['HOME'], TMPDIR: join(checkout, 'tmp') },
    },
  })
  expect(all).toMatch(/ 200 after \d+ ms: "/)
  expect(exitCode).toBe(0)
})
