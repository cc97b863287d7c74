import { createHash } from 'node:crypto'
import { access, chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { lock } from 'proper-lockfile'
import { type AptSourcesFile, findDebianMirror, parseAptSources } from './apt-sources.ts'
import { contained } from './contained.ts'
import { say } from './progress.ts'
import { PACKAGES, RECIPE_VERSION, type Suite, TREE_FILES } from './tree-recipe.ts'

/**
 * The path of a Debian tree that holds everything a cluster needs. It is made once and never written to afterwards;
 * of two runs that want it at the same time one makes it and the other waits. On the host nothing is installed but
 * debootstrap, if that is not there.
 */
export async function ensureTree(suite: Suite): Promise<string> {
  const cache = cacheDirectory()
  const tree = join(cache, `${suite}-${recipeHash(suite)}`)
  if (await exists(tree)) {
    return tree
  }
  await mkdir(cache, { recursive: true })
  const release = await lock(cache, { lockfilePath: `${tree}.lock`, stale: 10_000, retries: WAIT_FOR_THE_OTHER_RUN })
  try {
    if (!(await exists(tree))) {
      await makeTree(suite, tree)
    }
  } finally {
    await release()
  }
  return tree
}

/** Where trees lie: `$SLUICE_LAB_CACHE`, or `sluice-lab` in the user's cache directory. */
export function cacheDirectory(): string {
  const { SLUICE_LAB_CACHE, XDG_CACHE_HOME } = process.env
  return SLUICE_LAB_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice-lab')
}

/** Ten minutes: a slow mirror takes that long, and the lock of a run that was killed goes stale by itself. */
const WAIT_FOR_THE_OTHER_RUN = { retries: 600, factor: 1, minTimeout: 1000, maxTimeout: 1000 }

function recipeHash(suite: Suite): string {
  const recipe = JSON.stringify([RECIPE_VERSION, PACKAGES[suite], TREE_FILES])
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12)
}

async function makeTree(suite: Suite, tree: string): Promise<void> {
  const started = performance.now()
  await ensureDebootstrap()
  const mirror = await debianMirror()
  const unfinished = `${tree}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  say(`making a Debian ${suite} tree from ${mirror}, once; it stays in ${tree}`)
  const log = `${tree}.log`
  await run(log, [
    'debootstrap',
    '--variant=minbase',
    `--keyring=${KEYRING}`,
    '--force-check-gpg',
    suite,
    unfinished,
    mirror,
  ])
  await writeTreeFiles(unfinished)
  say(`installing ${PACKAGES[suite].join(' ')}`)
  await run(log, ['sh', '-euc', INSTALL, 'install', unfinished, ...PACKAGES[suite]])
  await rename(unfinished, tree)
  say(`the tree is made, in ${Math.round((performance.now() - started) / 1000)} s`)
}

/** debootstrap skips the check of the signature where no keyring is found, so it is named. */
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

async function ensureDebootstrap(): Promise<void> {
  const missing = [
    ...((await exists('/usr/sbin/debootstrap')) ? [] : ['debootstrap']),
    ...((await exists(KEYRING)) ? [] : ['debian-archive-keyring']),
  ]
  if (missing.length === 0) {
    return
  }
  say(`installing ${missing.join(' ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await execa('apt-get', ['update'], { all: true })
  await execa('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], { all: true, env })
}

/** The archive that this machine itself installs from; it may be a mirror that is the only one within reach. */
async function debianMirror(): Promise<string> {
  const directory = '/etc/apt/sources.list.d'
  const names = (await exists(directory))
    ? (await readdir(directory)).filter(name => /\.(list|sources)$/.test(name))
    : []
  const paths = ['/etc/apt/sources.list', ...names.sort().map(name => join(directory, name))]
  const files = await Promise.all(paths.map(readIfThere))
  const mirror = findDebianMirror(parseAptSources(files))
  if (mirror === undefined) {
    throw new Error('Cannot make a Debian tree: no source below /etc/apt is a Debian archive with the component main')
  }
  // Debian's cloud images name a file with a list of mirrors.
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(mirror)?.[1]
  return list === undefined ? mirror : ((await readFile(list, 'utf8')).split(/\s/)[0] ?? mirror)
}

async function readIfThere(path: string): Promise<AptSourcesFile> {
  return { path, text: (await exists(path)) ? await readFile(path, 'utf8') : '' }
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
  return `${stdout
    .split('\n')
    .filter(line => wanted.test(line))
    .join('\n')}\n`
}

async function run(log: string, argv: readonly string[]): Promise<void> {
  const [command, ...rest] = contained(argv)
  // debootstrap and apt end up in a mount namespace, so a run that is killed leaves no /proc mounted in the tree.
  const result = await execa(command, rest, { all: true, reject: false, stdin: 'ignore' })
  await writeFile(log, `${result.all}\n`, { flag: 'a' })
  if (result.failed) {
    const tail = result.all.split('\n').slice(-15).join('\n')
    throw new Error(`Cannot make a Debian tree: ${argv[0]} exited with ${result.exitCode}, see ${log}\n${tail}`)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
