import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSlurm } from '../../../src/adapters/slurm/open-slurm.ts'
import { submissionComment } from '../../../src/adapters/slurm/submission-comment.ts'
import { readTemplate } from '../../../src/adapters/system/templates.ts'
import { submit } from '../../../src/commands/submit.ts'
import type { Config } from '../../../src/core/config/schema.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { outputDirectory } from '../../../src/core/job-script/job-output.ts'
import { sbatchArgument } from '../../../src/core/job-script/quoting.ts'
import { JOB_TEMPLATE, renderJobScript } from '../../../src/core/job-script/render-job-script.ts'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { EXAMPLES, exampleFile, withFastTier } from '../../support/example-site.ts'
import { recordedContext } from '../../support/recorded-context.ts'
import { until } from '../../support/until.ts'
import { ACCOUNTS } from '../cluster/accounts.ts'
import { asUser } from '../cluster/as-user.ts'
import { SHARED_DIRECTORY } from '../cluster/directories.ts'
import { printedBy } from '../site/printed-by.ts'

const PROGRAMS = ['squeue', 'sbatch', 'scontrol', 'scancel']

/** Of this test alone; the job's account owns it. */
let site: string
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  site = await mkdtemp(join(SHARED_DIRECTORY, 'submit-'))
  const bin = join(site, 'bin')
  for (const path of [bin, join(site, 'logs'), join(site, 'current')]) await mkdir(path)
  for (const name of PROGRAMS) await program(join(bin, name), `exec ${asAi(name)} "$@"`)
  await program(
    join(site, 'current/node'),
    `echo "run \${SLURM_RESTART_COUNT:-0} of $* in $PWD"; env; cat; exec sleep 600`,
  )
  await execa('chown', ['-R', `${ACCOUNTS.ai}:${ACCOUNTS.ai}`, site])
  env = { PATH: `${bin}:/usr/bin:/bin`, HOME: '/home/ai', SECRET_TOKEN: 'hidden', SBATCH_PARTITION: 'nowhere' }
})

afterEach(async () => {
  await asUser('ai', ['scancel', '--me'])
  await until('an empty queue', async () => (await asUser('ai', ['squeue', '--me', '-h'])).stdout === '', {
    timeoutMs: 60_000,
  })
  await rm(site, { recursive: true })
})

it('Slurm runs the script of the example, and it comes back from a requeue with its comment', async () => {
  const slurm = openSlurm({ env })
  const { config, id, comment, log } = await submitExample()
  const running = await until('the job', () => view(id), { holds: job => job?.state === 'running', timeoutMs: 30_000 })
  expect(running).toEqual({
    ...running,
    ...{ id, stateText: 'RUNNING', reason: 'None', restarts: 0, comment, user: 'ai', name: 'llama-14b' },
    ...{ batchHost: 'vasp-02', nodeList: 'vasp-02', exitCode: '0:0' },
  })
  expect(Object.keys(running ?? {})).not.toContain('preemptTime')
  const said = await until('its words', () => readFile(log, 'utf8'), {
    holds: text => text.endsWith('}\n'),
    timeoutMs: 10_000,
  })
  expect(said).toContain(`run 0 of ${site}/current/sluice.cjs supervise in /\n`)
  expect(said).not.toContain('hidden')
  expect(JSON.parse(said.slice(said.indexOf('\n{\n')))).toEqual(toReplicaSpec(config, 'fast'))

  expect(await slurm.requeueIncomplete(id)).toEqual({ kind: 'accepted' })
  const requeued = await until('the requeue', () => view(id), {
    holds: job => job?.state === 'pending',
    timeoutMs: 30_000,
  })
  expect(requeued).toMatchObject({ restarts: 1, reason: 'BeginTime', comment, nodeList: '' })
  const second = Math.floor(Date.now() / 1_000)
  // In the same second the new run's credential counts as revoked with the old one's, and the job fails for good.
  await until('the next second but one', () => Math.floor(Date.now() / 1_000), {
    holds: now => now > second + 1,
    timeoutMs: 10_000,
  })
  expect(await slurm.releaseBeginTime(id)).toEqual({ kind: 'accepted' })
  await until('the second run', () => readFile(log, 'utf8'), {
    holds: text => text.includes('run 1 of '),
    timeoutMs: 60_000,
  })
  expect(await readFile(log, 'utf8')).toContain('run 0 of ')

  expect(await slurm.cancel(id)).toEqual({ kind: 'accepted' })
  const ended = await until('the end', () => view(id), { holds: job => job?.state === 'ended', timeoutMs: 30_000 })
  expect(ended).toMatchObject({ stateText: 'CANCELLED', restarts: 1, comment })
  expect(await slurm.requeueIncomplete(id)).toEqual({ kind: 'accepted' })
  expect(await slurm.cancel(id)).toEqual({ kind: 'accepted' })
  expect(await view(id)).toMatchObject({ stateText: 'CANCELLED', restarts: 1 })
})

it.each(['run-14b.slurm', 'run-72b-distributed.slurm'])('sbatch takes the golden file %s as it is', async name => {
  const script = await readFile(exampleFile(name), 'utf8')
  const { stdout } = await asUser('ai', ['sbatch', '--parsable', '--hold'], { input: script })
  expect(await view(String(stdout))).toMatchObject({ state: 'pending' })
})

describe('the scripts of sites that have other nodes', () => {
  // What the lab has less of, and nothing else.
  const LESS = ['--gpus-per-node=1', '--cpus-per-task=1', '--mem=1G']

  beforeAll(async () => {
    await execa('scontrol', ['create', 'PartitionName=h200', 'Nodes=ALL'])
    await execa('scontrol', ['update', 'NodeName=vasp-01', 'AvailableFeatures=gpu,hbm80g', 'ActiveFeatures=gpu,hbm80g'])
  })
  afterAll(async () => {
    await asUser('ai', ['scancel', '--me'])
    await execa('scontrol', ['delete', 'PartitionName=h200'])
    await execa('scontrol', ['update', 'NodeName=vasp-01', 'AvailableFeatures=', 'ActiveFeatures='])
  })

  it.each(EXAMPLES.filter(one => one.site !== 'beefcake2'))('sbatch takes $site/$name', async ({ site: of, name }) => {
    const script = await readFile(exampleFile(name, of), 'utf8')
    const { stdout } = await asUser('ai', ['sbatch', '--parsable', '--hold', ...LESS], { input: script })
    expect(await view(String(stdout))).toMatchObject({ state: 'pending', name: /--job-name=(.*)/.exec(script)?.[1] })
  })
})

it('one question shows what waits, runs and has ended, whatever the jobs are called', async () => {
  const slurm = openSlurm({ env })
  const faked = 'x JobState=FAILED\n99|FAILED|None|0|;\n'
  const ended = await sbatch(['--job-name=a|b;c', '--wrap=exit 3'])
  const running = await sbatch([`--job-name=${faked}`, '--time=90', '--comment=c|d', '--wrap=exec sleep 600'])
  const pending = await sbatch(['--begin=now+1hour', '--wrap=true'])
  const all = await until('the three', async () => ours(await slurm.jobs()), {
    holds: jobs => jobs.get(running)?.state === 'running' && jobs.get(ended)?.state === 'ended',
    timeoutMs: 30_000,
  })
  expect(all.get(ended)).toMatchObject({ stateText: 'FAILED', name: 'a|b;c', exitCode: '3:0', restarts: 0 })
  expect(all.get(running)).toMatchObject({ name: faked, comment: 'c|d', timeLimitSeconds: 5400, nodeList: 'vasp-01' })
  expect(all.get(pending)).toMatchObject({ state: 'pending', reason: 'BeginTime', nodeList: '' })
  expect(all.get(pending)).not.toHaveProperty('batchHost')
  const { startTime = 0, endTime = 0 } = all.get(running) ?? {}
  expect(endTime - startTime).toBe(5400)
  expect(Math.abs(startTime - Date.now() / 1000)).toBeLessThan(60)
})

it('a job in a hidden partition is one of ours all the same', async () => {
  const id = await sbatch(['--begin=now+1hour', '--wrap=true'])
  await execa('scontrol', ['update', 'PartitionName=gpu_ai', 'Hidden=YES'])
  try {
    expect((await asUser('ai', ['squeue', '--me', '-h', '-O', 'JobID'])).stdout).toBe('')
    expect([...ours(await openSlurm({ env }).jobs()).keys()]).toContain(id)
  } finally {
    await execa('scontrol', ['update', 'PartitionName=gpu_ai', 'Hidden=NO'])
  }
})

it('Slurm knows no job that never was, and takes orders for it in its own way', async () => {
  const slurm = openSlurm({ env })
  expect(await slurm.job('999999')).toEqual({ kind: 'no-such-job' })
  expect(await slurm.requeueIncomplete('999999')).toEqual({ kind: 'no-such-job' })
  expect(await slurm.releaseBeginTime('999999')).toEqual({ kind: 'no-such-job' })
  expect(['accepted', 'no-such-job']).toContain((await slurm.cancel('999999')).kind)
})

it('the job of another account is seen, and is not ours to order', async () => {
  const { stdout: id } = await asUser('vasp', ['sbatch', '--parsable', '--output=/dev/null', '--wrap=exec sleep 600'])
  const slurm = openSlurm({ env })
  expect(await slurm.job(id)).toMatchObject({ kind: 'answered', value: { user: 'vasp' } })
  expect(ours(await slurm.jobs()).has(id)).toBe(false)
  expect((await slurm.requeueIncomplete(id)).kind).toBe('refused')
  expect((await slurm.cancel(id)).kind).toBe('refused')
  await asUser('vasp', ['scancel', id])
})

it.each([`a b"c'd\\e#f`, 'tail\\', ' lead', '--help', 'x$(id)`y`', "it's"])(
  'sbatch reads the job name %j from its #SBATCH line as it was',
  async name => {
    const script = `#!/bin/sh\n#SBATCH --job-name=${sbatchArgument(name)}\n#SBATCH --output=/dev/null\ntrue\n`
    const { stdout: id } = await asUser('ai', ['sbatch', '--parsable'], { input: script })
    expect((await view(id))?.name).toBe(name)
  },
)

it('a partition that there is not is for the user to mend', async () => {
  const text = (await readFile(exampleFile('sluice.yaml'), 'utf8')).replace('gpu_ai', 'gpu_nope')
  await writeFile(join(site, 'sluice.yaml'), text.replace(SHARED_DIRECTORY, site))
  const failed = await submit('fast', { asRoot: true }, recordedContext({ cwd: site, env })).catch(error => error)
  expect(failed).toBeInstanceOf(UserError)
  expect(failed.message).toMatch(/^Cannot submit fast: .*Invalid partition name specified; see tiers\.fast\.slurm/)
  const jobs = [...ours(await openSlurm({ env }).jobs()).values()]
  expect(jobs.filter(job => job.state === 'pending')).toEqual([])
})

it('an sbatch that lost its answer leaves one job, which is found by its comment', async () => {
  await program(join(site, 'bin/sbatch'), `${asAi('sbatch')} "$@" >/dev/null; echo "Socket timed out" >&2; exit 1`)
  const { id, comment } = await submitExample()
  expect(await openSlurm({ env }).findByComment(comment)).toMatchObject({ kind: 'answered', value: [{ id }] })
})

it('a controller that takes the job after sbatch has given up leaves one job', async () => {
  const controller = (await execa('pgrep', ['-x', 'slurmctld'])).stdout.split('\n')
  await execa('kill', ['-STOP', ...controller])
  const told: string[] = []
  const submitted = submitExample({ timeoutMs: 1_000, progress: line => told.push(line) })
  await until('sbatch to give up', () => told.length > 0, { timeoutMs: 20_000 }).finally(() =>
    execa('kill', ['-CONT', ...controller]),
  )
  const { comment } = await submitted
  const found = await openSlurm({ env }).findByComment(comment)
  expect(found).toMatchObject({ kind: 'answered', value: [{ comment }] })
  expect(told).toEqual(['Cannot run sbatch: no answer within 1 s; checking whether Slurm has the job'])
})

it('tells the configuration, and the names in a node list', async () => {
  const slurm = openSlurm({ env })
  expect(await slurm.config()).toMatchObject({
    kind: 'answered',
    value: { clusterName: 'lab', preemptType: 'preempt/partition_prio', preemptMode: 'REQUEUE', jobRequeue: true },
  })
  expect(await slurm.hostnames('vasp-[01-03]')).toEqual({ kind: 'answered', value: ['vasp-01', 'vasp-02', 'vasp-03'] })
  expect((await slurm.hostnames('vasp-[01')).kind).toBe('no-answer')
})

async function submitExample(options: { timeoutMs?: number; progress?: (line: string) => void } = {}) {
  const { timeoutMs = 60_000, progress = () => undefined } = options
  const config: Config = { ...(await withFastTier({})), shared: site, runtime: site }
  const script = renderJobScript(config, 'fast', await readTemplate(JOB_TEMPLATE))
  const comment = submissionComment(config.site, 'fast')
  const request = { script, comment, outputDirectory: outputDirectory(config, 'fast'), progress }
  const submission = await openSlurm({ env, timeoutMs }).submit(request)
  if (submission.kind !== 'submitted') throw new Error(`Cannot submit: ${submission.message}`)
  return { config, comment, id: submission.id, log: printedBy(`llama-14b-${submission.id}`) }
}

async function view(id: string): Promise<JobView | undefined> {
  const answer = await openSlurm({ env }).job(id)
  return answer.kind === 'answered' ? answer.value : undefined
}

async function sbatch(args: readonly string[]): Promise<string> {
  const where = args.some(arg => arg.startsWith('--time')) ? ['--nodelist=vasp-01'] : []
  return (await asUser('ai', ['sbatch', '--parsable', '--output=/dev/null', ...where, ...args])).stdout
}

function ours(answer: Awaited<ReturnType<ReturnType<typeof openSlurm>['jobs']>>): Map<string, JobView> {
  expect(answer).toMatchObject({ kind: 'answered', value: { problems: [] } })
  return new Map(answer.kind === 'answered' ? answer.value.jobs.map(job => [job.id, job]) : [])
}

/** The real command, as the account that owns the jobs: the test itself is root. */
function asAi(name: string): string {
  return `setpriv --reuid=ai --regid=ai --init-groups -- /usr/bin/${name}`
}

async function program(path: string, lines: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${lines}\n`)
  await chmod(path, 0o755)
}
