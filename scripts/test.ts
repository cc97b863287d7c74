import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { whyNoCgroup } from '../test/lab/cluster/cgroups.ts'
import { FLAVOURS } from '../test/lab/cluster/flavours.ts'
import { type LabStep, planLabs } from './lab-plan.ts'
import { type Failure, failuresText, NOTHING_RUN, type StepReport, slowestText, stepFailure } from './step-report.ts'

// Everything: format, lint, types, dead code, unit tests, and the same tests' second half on real clusters, three at a
// time: they wait for Slurm more than they compute. The last lines are what failed, with the first lines of each error, the
// times, and the plain count. A lab that cannot start is a failure, never a skip.
const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

/** Far beyond what any step takes: what hangs is ended, so that the rest is run and told. */
const STEP_LIMIT_MS = 30 * 60_000
/** A lab that was asked to end ends within five seconds. */
const LEAVE_MS = 20_000

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
  { name: 'unit tests', argv: [process.execPath, ...vitest('unit')], report: reportOf('unit') },
  { name: 'tests that start servers', argv: [process.execPath, ...vitest('servers')], report: reportOf('servers') },
  { name: 'build', argv: [process.execPath, join(root, 'scripts/build.ts')] },
]
const labFiles = (await readdir(join(root, 'test/lab'), { recursive: true })).filter(name => name.endsWith('.test.ts'))
const labs = planLabs(labFiles).flatMap(labStep)

// The network is what it waits for, mostly.
labs.unshift({ name: 'other Nodes', argv: [process.execPath, ...vitest('nodes')], report: reportOf('nodes') })
// Without a command, and with nobody at its terminal: the shell ends at once, and everything with it.
labs.push({
  name: 'the shell of npm run lab',
  argv: ['timeout', '300', process.execPath, join(root, 'test/lab/main.ts')],
})

const durations: string[] = []
const failures: Failure[] = []
const files: { name: string; ms: number }[] = []
let passed = 0
let skipped = 0

const running = new Map<Step, ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    const names = [...checks.splice(0), ...labs.splice(0)].map(step => step.name).join(', ')
    if (names !== '') failures.push({ name: `${signal} came`, error: `not run: ${names}` })
    for (const child of running.values()) child.kill('SIGTERM')
  })
}

await inTurn(checks, 'live')
await Promise.all([inTurn(labs, 'live'), inTurn(labs, 'whole'), inTurn(labs, 'whole')])
process.exitCode = failures.length === 0 ? 0 : 1
if (noCgroup !== undefined) console.log(`\nWithout proctrack/cgroup: ${noCgroup}`)
console.log(`\n${durations.join(', ')}`)
if (files.length > 0) console.log(`The slowest files: ${slowestText(files, 10)}`)
if (failures.length > 0) console.log(`\n${failuresText(failures)}\n`)
console.log(`${passed} passed, ${failures.length} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)

/** Takes one step after the other, as others may beside it. `whole`: what it prints comes in one piece at its end. */
async function inTurn(steps: Step[], printing: 'live' | 'whole'): Promise<void> {
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (printing === 'live') console.log(`\n== ${step.name}`)
    const started = performance.now()
    const { ended, output } = await run(step, printing)
    if (printing === 'whole') console.log(`\n== ${step.name}, beside the others\n${output}`)
    durations.push(`${step.name} ${Math.round((performance.now() - started) / 1000)} s`)
    const report = await takeReport(step)
    passed += report.passed
    skipped += report.skipped
    files.push(...report.files.map(({ name, ms }) => ({ name: `${name} (${step.name})`, ms })))
    failures.push(...report.failures.map(({ name, error }) => ({ name: `${name} (${step.name})`, error })))
    // A step that ended badly without a failed test has failed itself: a check, a crash, a lab that did not start.
    if (ended !== 'well' && (report.failures.length === 0 || ended === 'after its time')) {
      failures.push(stepFailure(step.name, `ended ${ended}`, output))
    }
  }
}

function labStep({ flavour, files }: LabStep, index: number): readonly Step[] {
  const wantsCgroup = 'proctrack' in FLAVOURS[flavour] && FLAVOURS[flavour].proctrack === 'cgroup'
  if (wantsCgroup && noCgroup !== undefined) return []
  const tests = [process.execPath, ...vitest('lab'), ...files.map(file => `test/lab/${file}`)]
  const argv = [process.execPath, join(root, 'test/lab/main.ts'), `--flavour=${flavour}`, '--', ...tests]
  return [{ name: `lab ${index + 1} on ${flavour}`, argv, report: reportOf(`lab-${index}`) }]
}

function vitest(project: string): string[] {
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/step-reporter.ts')}`]
  return [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...reporters]
}

function reportOf(name: string): string {
  // Inside the repository's own tree, which the lab shares with its host; /tmp it does not.
  return join(root, 'node_modules/.cache', `sluice-${name}.json`)
}

async function run(step: Step, printing: 'live' | 'whole'): Promise<{ ended: string; output: string }> {
  const [program = '', ...rest] = step.argv
  if (step.report !== undefined) await rm(step.report, { force: true })
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(step.report === undefined ? {} : { VITEST_STEP_REPORT: step.report }),
        ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
      },
    })
    running.set(step, child)
    let tooLong = false
    const limit = setTimeout(() => {
      tooLong = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), LEAVE_MS).unref()
    }, STEP_LIMIT_MS)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (printing === 'live') process.stdout.write(text)
      })
    }
    child.once('error', reject).once('close', (code, signal) => {
      clearTimeout(limit)
      running.delete(step)
      const badly = code === null ? `by ${signal}` : `with code ${code}`
      resolve({ ended: tooLong ? 'after its time' : code === 0 ? 'well' : badly, output })
    })
  })
}

/** What the step wrote, and nothing of it stays; a run that was killed left what it knew. */
async function takeReport({ report }: Step): Promise<StepReport> {
  if (report === undefined) return NOTHING_RUN
  const text = await readFile(report, 'utf8').catch(() => undefined)
  await rm(report, { force: true })
  return text === undefined ? NOTHING_RUN : JSON.parse(text)
}
