import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { whyNoCgroup } from '../test/lab/cgroups.ts'
import { FLAVOURS, type Flavour } from '../test/lab/flavours.ts'

// Everything: format, lint, types, dead code, unit tests, and the same tests' second half on real clusters, two at a time:
// they wait for Slurm more than they compute. The last line is the plain count. A lab that cannot start is a failure, never
// a skip.
const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

const all = (await readdir(join(root, 'test/lab'))).filter(name => name.endsWith('.test.ts')).sort()
/**
 * What runs on which cluster, by the beginnings of the files' names in test/lab: all of it on the newest, in two halves; on
 * the others what may come out differently there. The longest come first.
 */
const LABS: readonly (readonly [Flavour, readonly string[]])[] = [
  ['sid', all.filter((_, index) => index % 2 === 0)],
  ['sid', all.filter((_, index) => index % 2 === 1)],
  ['bookworm', ['path', 'faults-control', 'faults-engine', 'faults-registry', 'gateway', 'rpc', 'submit', 'lab.test']],
  ['qos', ['path', 'lab.test']],
  ['cgroup', ['path', 'lab.test']],
  ['bookworm-qos', ['path']],
  ['grace0', ['path']],
  ['cgroup-grace0', ['path']],
]

interface Step {
  readonly name: string
  readonly argv: readonly string[]
  readonly report?: string
}

const noCgroup = await whyNoCgroup()
const checks: Step[] = [
  { name: 'format and lint', argv: [bin('biome'), 'check', '.'] },
  { name: 'types', argv: [bin('tsc')] },
  { name: 'dead code', argv: [bin('knip')] },
  { name: 'unit tests', argv: [process.execPath, ...vitest('unit', 'unit')], report: reportOf('unit') },
  {
    name: 'tests that start servers',
    argv: [process.execPath, ...vitest('servers', 'servers')],
    report: reportOf('servers'),
  },
  { name: 'build', argv: [process.execPath, join(root, 'scripts/build.ts')] },
]
const labs = LABS.flatMap(([flavour, files], index) => labStep(flavour, files, index))

const durations: string[] = []
let passed = 0
let failed = 0
let skipped = 0
await inTurn(checks, 'live')
await Promise.all([inTurn(labs, 'live'), inTurn(labs, 'whole')])
process.exitCode = failed === 0 ? 0 : 1
if (noCgroup !== undefined) console.log(`\nWithout proctrack/cgroup: ${noCgroup}`)
console.log(`\n${durations.join(', ')}`)
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)

/** Takes one step after the other, as others may beside it. `whole`: what it prints comes in one piece at its end. */
async function inTurn(steps: Step[], printing: 'live' | 'whole'): Promise<void> {
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (printing === 'live') console.log(`\n== ${step.name}`)
    const started = performance.now()
    const { code, output } = await run(step.argv, printing)
    if (printing === 'whole') console.log(`\n== ${step.name}, beside the others\n${output}`)
    durations.push(`${step.name} ${Math.round((performance.now() - started) / 1000)} s`)
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
}

function labStep(flavour: Flavour, files: readonly string[], index: number): readonly Step[] {
  const wantsCgroup = 'proctrack' in FLAVOURS[flavour] && FLAVOURS[flavour].proctrack === 'cgroup'
  if (wantsCgroup && noCgroup !== undefined) return []
  const tests = [process.execPath, ...vitest('lab', `lab-${index}`), ...files.map(file => `test/lab/${file}`)]
  const argv = [process.execPath, join(root, 'test/lab/main.ts'), `--flavour=${flavour}`, '--', ...tests]
  return [{ name: `lab tests on ${flavour}`, argv, report: reportOf(`lab-${index}`) }]
}

function vitest(project: string, report: string): string[] {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(report)}`]
  return [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...reporters]
}

function reportOf(name: string): string {
  // Inside the repository's own tree, which the lab shares with its host; /tmp it does not.
  return join(root, 'node_modules/.cache', `sluice-${name}.json`)
}

function run(argv: readonly string[], printing: 'live' | 'whole'): Promise<{ code: number; output: string }> {
  const [program = '', ...rest] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: root,
      stdio: printing === 'live' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject).once('close', code => resolve({ code: code ?? 1, output }))
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
