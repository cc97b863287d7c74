import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
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
/** What npm installs where Sluice runs; it leaves out the packages of other systems. */
const ours = Object.entries(lock.packages).filter(
  ([path, one]) =>
    path !== '' && takes(one.os, ['linux']) && takes(one.cpu, ['x64', 'arm64']) && takes(one.libc, ['glibc']),
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
