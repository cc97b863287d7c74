import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findProgram } from '../src/adapters/system/find-program.ts'
import { aptInstall } from './apt-install.ts'
import { type Machine, PROGRAMS, remedyFor, systemName } from './missing-programs.ts'
import { startArguments } from './start-arguments.ts'

// `npm start`: everything from a fresh checkout to an answered chat completion. What it installs it says before; where it
// may not install, it says what to type. Then this very process becomes `sluice up`, which gets the arguments.
const root = join(import.meta.dirname, '..')
const bundle = join(root, 'dist/sluice.cjs')

async function main(): Promise<number> {
  const asked = startArguments(process.argv.slice(2), process.env)
  if ('refusal' in asked) {
    console.error(asked.refusal)
    return 2
  }
  const machine: Machine = {
    platform: process.platform,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => undefined),
    isRoot: process.getuid?.() === 0,
    hasAptGet: (await findProgram('apt-get', process.env)) !== undefined,
  }
  console.log(`Sluice on ${systemName(machine)}, with Node ${process.versions.node}`)
  const found = await Promise.all(
    PROGRAMS.map(async one => ({ ...one, path: await findProgram(one.name, process.env) })),
  )
  const missing = found.filter(one => one.path === undefined)
  if (missing.length > 0 || machine.platform !== 'linux') {
    const remedy = remedyFor(missing, machine)
    if (remedy.kind === 'report') {
      for (const line of remedy.lines) console.error(line)
      return 2
    }
    console.log(`Missing: ${missing.map(one => one.name).join(', ')}. Installing as root:`)
    await aptInstall(missing.map(one => ({ name: one.package, why: one.why })))
  }
  const startedAt = performance.now()
  await build()
  console.log(`Built dist/sluice.cjs in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`)
  process.argv.splice(1, process.argv.length, bundle, 'up', ...asked.up)
  // npm has moved to the package; paths are meant from where it was called.
  process.chdir(process.env['INIT_CWD'] ?? '.')
  await import(pathToFileURL(bundle).href)
  return 0
}

function build(): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'scripts/build.ts')], { stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child
      .once('error', reject)
      .once('exit', code => (code === 0 ? resolve() : reject(new Error('Cannot build Sluice'))))
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
