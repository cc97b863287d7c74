import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

// Everything: format, lint, types, dead code, unit tests, and the same tests' second half on a real cluster. The last line
// is the plain count. A lab that cannot start is a failure, never a skip.
const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

const steps: readonly { name: string; argv: readonly string[]; report?: string }[] = [
  { name: 'format and lint', argv: [bin('biome'), 'check', '.'] },
  { name: 'types', argv: [bin('tsc')] },
  { name: 'dead code', argv: [bin('knip')] },
  { name: 'unit tests', argv: [process.execPath, ...vitest('unit')], report: reportOf('unit') },
  { name: 'build', argv: [process.execPath, join(root, 'scripts/build.ts')] },
  {
    name: 'lab tests',
    argv: [process.execPath, join(root, 'test/lab/main.ts'), '--', process.execPath, ...vitest('lab')],
    report: reportOf('lab'),
  },
]

let passed = 0
let failed = 0
let skipped = 0
for (const step of steps) {
  console.log(`\n== ${step.name}`)
  const code = await run(step.argv)
  const counts = step.report === undefined ? undefined : await readCounts(step.report)
  passed += counts?.passed ?? 0
  skipped += counts?.skipped ?? 0
  failed += counts?.failed ?? 0
  // A step that ended badly without a failed test has failed itself: a check, a crash, a lab that did not start.
  if (code !== 0 && (counts?.failed ?? 0) === 0) {
    failed += 1
    console.log(`== ${step.name} failed with code ${code}`)
  }
}
process.exitCode = failed === 0 ? 0 : 1
console.log(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)

function vitest(project: string): string[] {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(project)}`]
  return [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...reporters]
}

function reportOf(project: string): string {
  // Inside the repository's own tree, which the lab shares with its host; /tmp it does not.
  return join(root, 'node_modules/.cache', `sluice-${project}.json`)
}

function run(argv: readonly string[]): Promise<number> {
  const [program = '', ...rest] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject).once('exit', code => resolve(code ?? 1))
  })
}

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

async function readCounts(file: string): Promise<Counts | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  await rm(file, { force: true })
  if (text === undefined) return undefined
  const report = JSON.parse(text)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
