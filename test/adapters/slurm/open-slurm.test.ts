import { stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSlurm } from '../../../src/adapters/slurm/open-slurm.ts'
import { type Clock, systemClock } from '../../../src/adapters/system/clock.ts'
import { FakeSlurm } from '../../support/fake-slurm.ts'

const RUNNING =
  'row 4242 RUNNING None 1 N/A 0:0 100 200 80 90 1:00:00 0:10 vasp-01 vasp-01 ai sluice:s:fast:0 llama-14b'
const PENDING = `row 4243 PENDING Priority 0 N/A 0:0 N/A N/A 80 N/A 1:00:00 0:00 n/a '' ai '(null)' 'a|b
c'`

const running = {
  id: '4242',
  state: 'running',
  stateText: 'RUNNING',
  reason: 'None',
  restarts: 1,
  submitTime: 80,
  eligibleTime: 90,
  startTime: 100,
  endTime: 200,
  batchHost: 'vasp-01',
  nodeList: 'vasp-01',
  name: 'llama-14b',
  user: 'ai',
  comment: 'sluice:s:fast:0',
  exitCode: '0:0',
  timeLimitSeconds: 3600,
  runTimeSeconds: 10,
  remainingSeconds: 3590,
}

const pending = {
  id: '4243',
  state: 'pending',
  stateText: 'PENDING',
  reason: 'Priority',
  restarts: 0,
  submitTime: 80,
  nodeList: '',
  name: 'a|b\nc',
  user: 'ai',
  exitCode: '0:0',
  timeLimitSeconds: 3600,
  runTimeSeconds: 0,
  remainingSeconds: 3600,
}

const DOWN = 'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1'
const FORGOTTEN = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'

it('the states of nodes are scontrol’s, whatever else stands in its lines', async () => {
  await using fake = await FakeSlurm.open()
  const line = (name: string, state: string) =>
    `echo 'NodeName=${name} Arch=x86_64 CPUAlloc=1 State=${state} ThreadsPerCore=1 Reason=a State=IDLE [root@now]'`
  await fake.does('scontrol', `${line('vasp-01', 'DOWN+NOT_RESPONDING')}; ${line('vasp-02', 'MIXED+DRAIN')}`)
  const answer = await openSlurm({ env: fake.env }).nodeStates('vasp-[01-02]')
  expect(answer).toEqual({ kind: 'answered', value: ['DOWN+NOT_RESPONDING', 'MIXED+DRAIN'] })
  expect((await fake.calls('scontrol'))[0]?.argv).toEqual(['--all', '--oneliner', 'show', 'node', 'vasp-[01-02]'])
})

describe('jobs', () => {
  it('asks once for everything of ours, in a clean environment', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', `${RUNNING}\n${PENDING}`)
    const env = { ...fake.env, SQUEUE_STATES: 'RUNNING', SLURM_JOB_ID: '1', SLURM_CONF: '/etc/slurm.conf' }
    const answer = await openSlurm({ env }).jobs()
    expect(answer).toEqual({ kind: 'answered', value: { jobs: [running, pending], problems: [] } })
    const [call, ...more] = await fake.calls('squeue')
    expect(more).toEqual([])
    expect(call?.argv.slice(0, 4)).toEqual(['--me', '--all', '--noheader', '--states=all'])
    expect(call?.argv[4]).toMatch(/^--Format=JobID:(m[0-9a-f]{12})\|,State:\1\|,.*,Comment:\1\|,Name:\1;$/)
    const { SLURM_CONF, SLURM_TIME_FORMAT, TZ, SQUEUE_STATES, SLURM_JOB_ID } = call?.env ?? {}
    expect({ SLURM_CONF, SLURM_TIME_FORMAT, TZ, SQUEUE_STATES, SLURM_JOB_ID }).toEqual({
      SLURM_CONF: '/etc/slurm.conf',
      SLURM_TIME_FORMAT: '%s',
      TZ: 'UTC',
    })
  })

  it('never asks with the same mark twice', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', RUNNING)
    const slurm = openSlurm(fake)
    await slurm.jobs()
    await slurm.jobs()
    const [first, second] = await fake.calls('squeue')
    expect(first?.argv[4]).not.toBe(second?.argv[4])
  })

  it('none is an answer', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', 'exit 0')
    expect(await openSlurm(fake).jobs()).toEqual({ kind: 'answered', value: { jobs: [], problems: [] } })
  })

  it.each([
    [
      'fails',
      DOWN,
      'Cannot run squeue: exit code 1, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"',
    ],
    ['fails after some rows', `${RUNNING}; exit 1`, 'Cannot run squeue: exit code 1, ""'],
    [
      'prints an error and says that all is well',
      'echo "squeue: error: no" >&2',
      'Cannot run squeue: exit code 0, "squeue: error: no"',
    ],
    ['speaks of a job id', FORGOTTEN, 'Cannot ask Slurm: squeue reports an error about a job id, and none was given'],
    ['hangs', 'exec sleep 600', 'Cannot run squeue: no answer within 0.3 s'],
  ])('is not known when squeue %s', async (_, lines, message) => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', lines)
    const timeoutMs = message.includes('0.3 s') ? 300 : 20_000
    expect(await openSlurm({ env: fake.env, timeoutMs }).jobs()).toEqual({ kind: 'no-answer', message })
  })

  it('garbage is a problem and never an empty list without one', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', `${RUNNING}; echo '<html>'`)
    expect(await openSlurm(fake).jobs()).toEqual({
      kind: 'answered',
      value: { jobs: [running], problems: [{ file: 'squeue', line: 2, message: 'Row without its end: "<html>\\n"' }] },
    })
  })
})

describe('job', () => {
  it.each([
    ['answers', RUNNING, { kind: 'answered', value: running }],
    ['has forgotten it', FORGOTTEN, { kind: 'no-such-job' }],
    ['prints no row', 'exit 0', { kind: 'no-such-job' }],
    ['prints another one', PENDING, { kind: 'no-such-job' }],
    ['prints garbage', 'echo hm', { kind: 'no-answer', message: 'Row without its end: "hm\\n"' }],
    [
      'does not answer',
      DOWN,
      {
        kind: 'no-answer',
        message:
          'Cannot run squeue: exit code 1, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"',
      },
    ],
  ])('tells when Slurm %s', async (_, lines, answer) => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', lines)
    expect(await openSlurm(fake).job('4242')).toEqual(answer)
    expect((await fake.calls('squeue'))[0]?.argv[0]).toBe('--jobs=4242')
  })

  it.each(['', '0', '-1', '42 43', '42,43', '42_1', '--help', '12345678901'])('does not ask about %j', async id => {
    await using fake = await FakeSlurm.open()
    await expect(openSlurm(fake).job(id)).rejects.toThrow(
      `Cannot ask Slurm about job ${JSON.stringify(id)}: not a job number`,
    )
    expect(await fake.calls('squeue')).toEqual([])
  })
})

describe('orders', () => {
  const ORDERS = [
    ['requeueIncomplete', 'scontrol', ['requeue', 'incomplete', '4242']],
    ['releaseBeginTime', 'scontrol', ['update', 'JobId=4242', 'StartTime=now']],
    ['releaseHold', 'scontrol', ['release', '4242']],
    ['cancel', 'scancel', ['4242']],
  ] as const

  const MEANINGS = [
    ['exit 0', { kind: 'accepted' }],
    ['echo "Invalid job id specified for job 4242" >&2; exit 1', { kind: 'no-such-job' }],
    ['echo "scancel: error: Kill job error on job id 4242: Invalid job id specified" >&2', { kind: 'no-such-job' }],
    ['echo "Job/step already completing or completed" >&2; exit 1', { kind: 'accepted' }],
    [
      'echo "Access/permission denied for job 4242" >&2; exit 1',
      { kind: 'refused', message: 'Cannot run PROGRAM: exit code 1, "Access/permission denied for job 4242"' },
    ],
    [
      'echo "Unexpected message received for job 4242" >&2; exit 1',
      { kind: 'no-answer', message: 'Cannot run PROGRAM: exit code 1, "Unexpected message received for job 4242"' },
    ],
    ['kill -9 $$', { kind: 'no-answer', message: 'Cannot run PROGRAM: it was ended by SIGKILL' }],
  ] as const

  it.each(ORDERS.flatMap(order => MEANINGS.map(meaning => [...order, ...meaning] as const)))(
    '%s by %s %j: `%s` means %j',
    async (name, program, argv, lines, answer) => {
      await using fake = await FakeSlurm.open()
      await fake.does(program, lines)
      const expected = 'message' in answer ? { ...answer, message: answer.message.replace('PROGRAM', program) } : answer
      expect(await openSlurm(fake)[name]('4242')).toEqual(expected)
      expect((await fake.calls(program)).map(call => call.argv)).toEqual([argv])
    },
  )

  // What gives the order stands in the job that Slurm then signals.
  it.each(ORDERS)('%s by %s has its answer though the job is signalled before it', async (name, program) => {
    await using fake = await FakeSlurm.open()
    await fake.does(program, 'kill -USR2 $$; kill -TERM $$')
    expect(await openSlurm(fake)[name]('4242')).toEqual({ kind: 'accepted' })
  })

  it('a program that is not there takes no order', async () => {
    await using fake = await FakeSlurm.open()
    const message = 'Cannot run scancel: it is not on PATH'
    const env = { ...fake.env, PATH: fake.home }
    expect(await openSlurm({ env }).cancel('4242')).toEqual({ kind: 'no-answer', message })
  })
})

describe('scontrol', () => {
  it('tells the configuration', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('scontrol', 'echo "KillWait                = 10 sec"')
    expect(await openSlurm(fake).config()).toEqual({ kind: 'answered', value: { killWaitSeconds: 10 } })
  })

  it.each([
    [
      'a list of nodes',
      'vasp-[01-02]',
      'printf "vasp-01\\nvasp-02\\n"',
      { kind: 'answered', value: ['vasp-01', 'vasp-02'] },
    ],
    ['no nodes', '', 'echo wrong', { kind: 'answered', value: [] }],
    [
      'what is no list, though scontrol ends with 0',
      'vasp-[01',
      'echo "vasp-]"',
      {
        kind: 'no-answer',
        message: 'Cannot read the names of "vasp-[01": scontrol made "vasp-]\\n" of it',
      },
    ],
  ])('expands %s', async (_, list, lines, answer) => {
    await using fake = await FakeSlurm.open()
    await fake.does('scontrol', lines)
    expect(await openSlurm(fake).hostnames(list)).toEqual(answer)
  })
})

describe('findByComment', () => {
  it('finds ours and no other', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', `${PENDING}\n${RUNNING}`)
    expect(await openSlurm(fake).findByComment('sluice:s:fast:0')).toEqual({ kind: 'answered', value: [running] })
  })

  it('a row that cannot be read may be the one', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('squeue', `${RUNNING}; row 4243`)
    expect(await openSlurm(fake).findByComment('other')).toEqual({
      kind: 'no-answer',
      message: 'Row has 1 columns, not 17: "4243"',
    })
  })
})

describe('submit', () => {
  const request = ({ home }: FakeSlurm) => ({
    script: '#!/bin/bash\ntrue\n',
    comment: 'sluice:s:fast:0',
    outputDirectory: join(home, 'shared', 'logs'),
  })

  it('makes the output directory and hands the script to sbatch, without our environment', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('sbatch', '[ -d "$HOME/shared/logs" ] && echo 4242')
    const slurm = openSlurm({ env: { ...fake.env, SECRET: 'x', SBATCH_PARTITION: 'other' } })
    expect(await slurm.submit(request(fake))).toEqual({ kind: 'submitted', id: '4242', wasFound: false })
    const [call] = await fake.calls('sbatch')
    expect(call).toEqual({
      argv: ['--parsable', '--comment=sluice:s:fast:0'],
      env: { ...fake.env, PWD: '/' },
      stdin: '#!/bin/bash\ntrue\n',
    })
    expect((await stat(join(fake.home, 'shared', 'logs'))).mode & 0o777).toBe(0o750)
  })

  it('finds the job of an sbatch that hangs', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('sbatch', 'exec sleep 600')
    await fake.does('squeue', RUNNING)
    const told: string[] = []
    const slurm = openSlurm({ env: fake.env, timeoutMs: 300 })
    expect(await slurm.submit({ ...request(fake), progress: line => told.push(line) })).toEqual({
      kind: 'submitted',
      id: '4242',
      wasFound: true,
    })
    expect(told).toEqual(['Cannot run sbatch: no answer within 0.3 s; checking whether Slurm has the job'])
    expect(await fake.calls('sbatch')).toHaveLength(1)
  })

  it('finds the job of an sbatch that was interrupted', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('sbatch', 'echo >"$HOME/started"; exec sleep 600')
    await fake.does('squeue', RUNNING)
    const abort = new AbortController()
    const submission = openSlurm(fake).submit(request(fake), abort.signal)
    await expect.poll(() => stat(join(fake.home, 'started')).catch(() => undefined)).toBeDefined()
    abort.abort()
    expect(await submission).toEqual({ kind: 'submitted', id: '4242', wasFound: true })
  })

  it('takes back what another cluster got', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does('sbatch', 'echo "4242;far"')
    await fake.does('squeue', ':')
    await fake.does('scancel', 'exit 0')
    const sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms > 10_000 ? ms : 0, signal)
    const clock = { ...systemClock, sleep }
    expect((await openSlurm({ env: fake.env, clock }).submit(request(fake))).kind).toBe('refused')
    expect((await fake.calls('scancel')).map(call => call.argv)).toEqual([['--clusters=far', '4242']])
    expect(await fake.calls('sbatch')).toHaveLength(1)
  })

  it('a refusal keeps the words of Slurm', async () => {
    await using fake = await FakeSlurm.open()
    await fake.does(
      'sbatch',
      'echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2; exit 1',
    )
    expect(await openSlurm(fake).submit(request(fake))).toEqual({
      kind: 'refused',
      message: 'sbatch: error: Batch job submission failed: Invalid partition name specified',
    })
    expect(await fake.calls('squeue')).toEqual([])
  })

  it('submits nothing where the output directory cannot be made', async () => {
    await using fake = await FakeSlurm.open()
    const outputDirectory = join(fake.home, 'file', 'logs')
    await writeFile(join(fake.home, 'file'), '')
    expect(await openSlurm(fake).submit({ ...request(fake), outputDirectory })).toEqual({
      kind: 'refused',
      message: `Cannot make directory "${outputDirectory}": "${dirname(outputDirectory)}" is not a directory; name another place (slurm.output; best on the shared filesystem)`,
    })
    expect(await fake.calls('sbatch')).toEqual([])
  })
})

it('signals the batch process and nothing else', async () => {
  await using fake = await FakeSlurm.open()
  await fake.does('scancel', 'exit 0')
  expect(await openSlurm(fake).signalBatch('4242')).toEqual({ kind: 'accepted' })
  expect((await fake.calls('scancel'))[0]?.argv).toEqual(['--batch', '--signal=URG', '4242'])
  const pending = 'scancel: error: Kill job error on job id 4242: Job can not be altered now, try again later'
  await fake.does('scancel', `echo "${pending}" >&2; exit 228`)
  expect((await openSlurm(fake).signalBatch('4242')).kind).toBe('refused')
})

it('a cluster without a database has no qualities of service to tell of', async () => {
  await using fake = await FakeSlurm.open()
  await fake.does('sacctmgr', 'echo "You are not running a supported accounting_storage plugin" >&2; exit 1')
  expect((await openSlurm(fake).qualities()).kind).toBe('no-answer')
  await fake.does('sacctmgr', "printf 'normal|00:00:00|cluster\\nai|00:02:00|requeue\\n'")
  expect(await openSlurm(fake).qualities()).toEqual({
    kind: 'answered',
    value: [
      { name: 'normal', graceSeconds: 0, preemptMode: 'CLUSTER' },
      { name: 'ai', graceSeconds: 120, preemptMode: 'REQUEUE' },
    ],
  })
})
