import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

const root = join(import.meta.dirname, '../..')
const PATIENCE_MS = 300_000

export interface OtherNodes {
  /** The program `node` of this version. */
  node(version: string): string
  /** A directory with `node` and `npm` of these versions and nothing else, to stand first on a PATH. */
  only(node: string, npm: string): Promise<string>
}

/** Fetches all of them at once from the registry. */
export async function fetchNodes(nodes: readonly string[], npms: readonly string[]): Promise<OtherNodes> {
  const place = await mkdtemp(join(tmpdir(), 'nodes-'))
  const packages = [
    ...nodes.map(version => `node-${version}@npm:node-linux-${process.arch}@${version}`),
    ...npms.map(version => `npm-${version}@npm:npm@${version}`),
  ]
  const quiet = ['--no-audit', '--no-fund', '--no-save', '--prefer-offline', '--ignore-scripts', '--force']
  await execa('npm', ['install', ...quiet, '--prefix', place, ...packages], { timeout: PATIENCE_MS })
  const node = (version: string) => join(place, `node_modules/node-${version}/bin/node`)
  return {
    node,
    async only(version, npm) {
      const bin = join(place, `only-${version}`)
      await mkdir(bin)
      await symlink(node(version), join(bin, 'node'))
      // As npm's own first line has it: the node that comes first on PATH.
      await writeFile(
        join(bin, 'npm'),
        `#!/bin/sh\nexec node "${join(place, `node_modules/npm-${npm}/bin/npm-cli.js`)}" "$@"\n`,
      )
      await chmod(join(bin, 'npm'), 0o755)
      return bin
    },
  }
}

/** An empty folder into which the packed package was installed. */
export async function packedAndInstalled(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'installed-'))
  const bounds = { timeout: PATIENCE_MS }
  const { stdout } = await execa('npm', ['pack', '--silent', '--pack-destination', place], { cwd: root, ...bounds })
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  await execa('npm', ['install', ...quiet, `./${stdout.trim()}`], { cwd: place, ...bounds })
  return place
}

/** What a clone has: the files that git knows, and no node_modules. */
export async function freshCheckout(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'checkout-'))
  const { stdout } = await execa('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  const files = stdout.split('\0').filter(name => name !== '' && !name.startsWith('test/'))
  await execa('tar', ['-c', '--null', '-T', '-', '-f', join(place, 'files.tar')], {
    cwd: root,
    input: files.join('\0'),
  })
  await execa('tar', ['-x', '-f', join(place, 'files.tar')], { cwd: place })
  await mkdir(join(place, 'tmp'))
  return place
}
