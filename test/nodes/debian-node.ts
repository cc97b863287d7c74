import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import lockfile from 'proper-lockfile'
import { contained } from '../lab/cluster/contained.ts'
import { ensureTree } from '../lab/cluster/tree.ts'

const SCRIPT = join(import.meta.dirname, 'on-debian.sh')
const PACKAGES = ['nodejs', 'npm']
/** Of a slow mirror. */
const PATIENCE_MS = 600_000

/** A Debian 12 with its own nodejs and npm. */
export interface DebianNode {
  /** Runs a command in this directory, which it sees where it is, with this machine's npm cache and certificates. */
  run(directory: string, command: readonly string[]): Promise<{ exitCode: number | undefined; all: string }>
}

/** Their packages are fetched once, as the tree below them is, and lie beside it. */
export async function openDebianNode(): Promise<DebianNode> {
  const tree = await ensureTree('bookworm')
  const layer = `${tree}+${PACKAGES.join('+')}`
  const again = { retries: 600, factor: 1, minTimeout: 1_000, maxTimeout: 1_000 }
  const release = await lockfile.lock(dirname(tree), { lockfilePath: `${layer}.lock`, stale: 10_000, retries: again })
  try {
    if (!existsSync(layer)) await install(tree, layer)
  } finally {
    await release()
  }
  return {
    async run(directory, command) {
      const bound = [homedir(), directory, ...(await certificates())]
      const [program, ...argv] = contained([SCRIPT, tree, layer, 'run', ...bound, '--', directory, ...command])
      const { HOME, NODE_EXTRA_CA_CERTS } = process.env
      const { exitCode, all } = await execa(program, argv, {
        ...{ all: true, reject: false, timeout: PATIENCE_MS, extendEnv: false, stdin: 'ignore' },
        env: {
          ...{
            HOME,
            PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
            TMPDIR: join(directory, 'tmp'),
          },
          ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }),
        },
      })
      return { exitCode, all: String(all) }
    },
  }
}

async function install(tree: string, layer: string): Promise<void> {
  const unfinished = `${layer}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished)
  const [program, ...argv] = contained([SCRIPT, tree, unfinished, 'install', ...PACKAGES])
  await execa(program, argv, { timeout: PATIENCE_MS, stdin: 'ignore' })
  await rename(unfinished, layer)
}

/** A registry that only this machine's certificates vouch for. */
async function certificates(): Promise<readonly string[]> {
  const { stdout } = await execa('npm', ['config', 'get', 'cafile'])
  const files = [stdout.trim(), process.env['NODE_EXTRA_CA_CERTS'] ?? '']
  return [...new Set(files)].filter(path => path.startsWith('/') && existsSync(path))
}
