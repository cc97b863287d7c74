import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { contained } from './contained.ts'
import { debianMirror } from './debian-mirror.ts'
import { logProgress } from './progress.ts'
import { PACKAGES, type Suite, TREE_FILES } from './tree-recipe.ts'

export type TreeOrder = {
  suite: Suite
  /** Where it is to lie. */
  tree: string
  /** The tree whose llama-server it gets; undefined when it installs one of its own. */
  enginesFrom: string | undefined
}

/**
 * Makes a Debian tree with debootstrap, under another name until it is complete. The host gets nothing but debootstrap,
 * if that is not there. What the tools print is in `TREE.log`.
 */
export async function makeTree({ suite, tree, enginesFrom }: TreeOrder): Promise<void> {
  const started = performance.now()
  const log = `${tree}.log`
  const unfinished = `${tree}.unfinished`
  await ensureDebootstrap(log)
  const mirror = await debianMirror()
  await rm(unfinished, { recursive: true, force: true })
  logProgress(`making a Debian ${suite} tree from ${mirror}, once; it stays in ${tree}`)
  const options = ['--variant=minbase', `--keyring=${KEYRING}`, '--force-check-gpg']
  // Both mount things; in namespaces of their own nothing stays mounted when a run is killed.
  await run(log, contained(['debootstrap', ...options, suite, unfinished, mirror]))
  await writeTreeFiles(unfinished)
  logProgress(`installing ${PACKAGES[suite].join(' ')}`)
  await run(log, contained(['sh', '-euc', INSTALL, 'install', unfinished, ...PACKAGES[suite]]))
  if (enginesFrom !== undefined) {
    await run(log, contained([join(import.meta.dirname, 'borrow-engine.sh'), unfinished, enginesFrom]))
  }
  await rename(unfinished, tree)
  logProgress(`the tree is made, in ${Math.round((performance.now() - started) / 1000)} s`)
}

/** Named, because debootstrap goes on without checking the signature where it finds no keyring. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const INSTALL = `
tree=$1; shift
mount -t proc proc "$tree/proc"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot "$tree" apt-get update
chroot "$tree" apt-get install --yes --no-install-recommends "$@"
chroot "$tree" apt-get clean
rm -rf "$tree"/var/lib/apt/lists/*
`

async function ensureDebootstrap(log: string): Promise<void> {
  const files = { debootstrap: '/usr/sbin/debootstrap', 'debian-archive-keyring': KEYRING }
  const missing = Object.entries(files).flatMap(([name, path]) => (existsSync(path) ? [] : [name]))
  if (missing.length > 0) {
    logProgress(`installing ${missing.join(' ')} on this machine`)
    await run(log, ['apt-get', 'update'])
    await run(log, ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing])
  }
}

async function writeTreeFiles(tree: string): Promise<void> {
  const files = { ...TREE_FILES, '/etc/apt/apt.conf.d/00host': { text: await hostAptSettings(), mode: 0o644 } }
  for (const [path, { text, mode }] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), text)
    await chmod(join(tree, path), mode)
  }
}

/** How this machine's apt reaches its archive (proxies, what it thinks of old release files) holds inside the tree too. */
async function hostAptSettings(): Promise<string> {
  const { stdout } = await execa('apt-config', ['dump'])
  const wanted = /^Acquire::(https?::|Check-|Max-|Min-|Retries|ForceIPv|Languages)/
  const lines = stdout.split('\n').filter(line => wanted.test(line))
  return `${lines.join('\n')}\n`
}

async function run(log: string, [program = '', ...rest]: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const result = await execa(program, rest, { all: true, reject: false, stdin: 'ignore', env })
  await writeFile(log, `${result.all}\n`, { flag: 'a' })
  if (result.failed) {
    const tail = result.all.split('\n').slice(-15).join('\n')
    throw new Error(
      `Cannot make a Debian tree: "${result.command}" exited with ${result.exitCode}, see ${log}\n${tail}`,
    )
  }
}
