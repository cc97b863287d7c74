import { type StdioOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** invoke-rc.d(8): 101 forbids it. Debian's packages start their daemons at installation otherwise. */
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const POLICY = '#!/bin/sh\nexit 101\n'

/**
 * Installs packages with apt-get, as root, and says what it does. Debian's own nginx service is neither started nor
 * enabled: Sluice runs an nginx of its own, and port 80 is none of its business.
 *
 * @throws with apt-get's own words when that fails.
 */
export async function aptInstall(packages: readonly { name: string; why: string }[]): Promise<void> {
  const names = packages.map(one => one.name)
  console.log('  apt-get update')
  // Lists that are a little old do: when they do not, the installation says so.
  await run('apt-get', ['update', '-q']).catch(error => console.log(`    failed: ${error.message}`))
  const added = await plannedPackages(names)
  console.log(`  apt-get install --no-install-recommends ${names.join(' ')}`)
  for (const name of added) {
    console.log(`    ${name}: ${packages.find(one => one.name === name)?.why ?? `${names.join(', ')} needs it`}`)
  }
  await withoutDaemons(() => run('apt-get', [...INSTALL, ...names], showProgress))
}

const INSTALL = [
  ...['install', '-y', '-q', '--no-install-recommends'],
  ...['-o', 'Dpkg::Use-Pty=0', '-o', 'APT::Status-Fd=3', '-o', 'DPkg::Lock::Timeout=120'],
]

/** What the installation would add, by a simulation. */
async function plannedPackages(names: readonly string[]): Promise<string[]> {
  const plan = await run('apt-get', ['install', '-s', '-q', '--no-install-recommends', ...names])
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
}

/** With a policy of our own that no service is started, or the one that is there. */
async function withoutDaemons(work: () => Promise<unknown>): Promise<void> {
  const isOurs = !existsSync(POLICY_FILE)
  if (isOurs) await writeFile(POLICY_FILE, POLICY, { mode: 0o755, flag: 'wx' })
  try {
    await work()
  } finally {
    if (isOurs) await rm(POLICY_FILE, { force: true })
  }
  // Each does nothing where there is nothing to do: no systemd, no init script, nothing that was started after all.
  const quietly = (program: string, ...argv: string[]) => run(program, argv).catch(() => undefined)
  await quietly('deb-systemd-helper', 'disable', 'nginx.service')
  await quietly('update-rc.d', 'nginx', 'disable')
  if (!isOurs) await quietly('service', 'nginx', 'stop')
  console.log("    Debian's own nginx service is neither running nor enabled: port 80 stays as it was")
}

/** One line that is written over on a terminal; elsewhere a line for each package that is done. */
function showProgress(line: string): void {
  const [, , percent = '', text = ''] = line.split(':')
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K    ${Math.round(Number(percent))} % ${text}\r`)
  else if (text.startsWith('Installed ')) console.log(`    ${text.toLowerCase()}`)
}

/** Resolves with standard output. */
function run(program: string, argv: readonly string[], onStatus?: (line: string) => void): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', NEEDRESTART_SUSPEND: '1' }
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', onStatus === undefined ? 'ignore' : 'pipe']
  const child = spawn(program, argv, { env, stdio })
  const [output, complaints] = [collect(child.stdout), collect(child.stderr)]
  const status = child.stdio[3] as Readable | null
  if (onStatus !== undefined && status !== null) createInterface({ input: status }).on('line', onStatus)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      if (onStatus !== undefined && process.stdout.isTTY) process.stdout.write('\x1b[2K')
      if (code === 0) return resolve(output.text)
      const why = complaints.text.split('\n').filter(line => /^(E:|W:|dpkg: error)/.test(line))
      reject(new Error(`${program} ${argv[0]}: ${why.slice(0, 3).join('; ') || `ended with code ${code}`}`))
    })
  })
}

function collect(stream: Readable | null): { text: string } {
  const collected = { text: '' }
  stream?.setEncoding('utf8').on('data', part => {
    collected.text += part
  })
  return collected
}
