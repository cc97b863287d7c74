import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { labTestArguments, readLabTest } from './lab-test-command.ts'

// One file of lab tests, or some of its tests, on one flavour of Slurm: a fresh cluster for it, and nothing of it stays.
const root = join(import.meta.dirname, '..')
try {
  const names = await readdir(join(root, 'test/lab'), { recursive: true })
  const test = readLabTest(
    process.argv.slice(2),
    names.filter(name => name.endsWith('.test.ts')),
  )
  const here = { cwd: root, stdio: 'inherit' as const, reject: false }
  const built = await execa(process.execPath, ['scripts/build.ts'], here)
  const ran = built.failed ? built : await execa(process.execPath, labTestArguments(test), here)
  process.exitCode = ran.failed ? (ran.exitCode ?? 1) : 0
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
