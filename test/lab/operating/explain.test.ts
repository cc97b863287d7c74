import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { Answer, Explanation, RunAnswer } from '../../../src/core/explain/explain.ts'
import { until } from '../../support/until.ts'
import { asUser } from '../cluster/as-user.ts'
import { MODELS_DIRECTORY, RUNTIME_DIRECTORY } from '../cluster/directories.ts'
import { onNode } from '../cluster/on-node.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { engineOf, supervisorOf } from '../site/replica-processes.ts'
import { FAST_MODEL, FAST_TIER, GATEWAY, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const FAKES = '/scratch/ai/fakes'
const OUTPUT = '/scratch/ai/out'
const PORT = 8_099
/** Of a worker's. */
const TAKEN_PORT = 50_150
/** Where cgroup v1 is mounted, the only place where the lab can make a memory cgroup. */
const MEMORY = '/sys/fs/cgroup/memory'

/** The command as people find it on their PATH. */
const SLUICE = join(RUNTIME_DIRECTORY, 'current/sluice')
const SMALL = { partition: 'gpu_ai', gpus: 0, mem: '1G' }
const ONE_MODEL = { name: 'one', file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) }
const tier = (name: string, change: object = {}) => ({
  engine: 'llama.cpp',
  path: `/${name}/`,
  model: { ...ONE_MODEL, name },
  args: { threads: 1 },
  slurm: { ...SMALL, jobName: name },
  ...change,
})
const fake = (name: string) => join(FAKES, name)

/** Over all three nodes; the worker's program is the test's. */
const group = (name: string, port: number) =>
  tier(name, {
    rpc: { workers: 2, port, command: fake(`${name}/ggml-rpc-server`) },
    slurm: { ...SMALL, jobName: name, nodes: 3 },
  })

const TIERS = {
  fast: { ...FAST_TIER, slurm: { ...FAST_TIER.slurm, signalLeadSeconds: 10 } },
  arguments: tier('arguments', { args: { 'no-such-argument': true } }),
  missing: tier('missing', { model: { name: 'missing', file: '/scratch/ai/models/nobody-has-this.gguf' } }),
  torn: tier('torn', { model: { name: 'torn', file: fake('torn.gguf') } }),
  port: tier('port', { port: PORT, slurm: { ...SMALL, jobName: 'port', nodelist: 'vasp-01' } }),
  flash: tier('flash', { command: fake('flash') }),
  slow: tier('slow', { command: fake('sleep'), loadTimeoutSeconds: 2 }),
  hungry: tier('hungry', { command: fake('hungry') }),
  killed: tier('killed', { command: fake('killed') }),
  script: tier('script', { setup: ['echo "no module named cuda-13" >&2; exit 3'] }),
  output: tier('output', { slurm: { ...SMALL, jobName: 'output', output: `${OUTPUT}/%x-%j.log` } }),
  group: group('group', 50_100),
  head: group('head', 50_110),
  wrong: group('wrong', 50_120),
  builds: group('builds', 50_130),
  deaf: group('deaf', 50_140),
  taken: group('taken', TAKEN_PORT),
  asked: tier('asked', { command: fake('asked'), slurm: { ...SMALL, jobName: 'asked', extra: ['--hold'] } }),
}
type TierName = keyof typeof TIERS

let site: Site
const jobs = new Map<TierName, string>()
const jobOf = (name: TierName) => jobs.get(name) ?? ''
let listeners: ReturnType<typeof onNode>[] = []

beforeAll(async () => {
  await writeFakes()
  listeners = [listen('vasp-01', PORT), listen('vasp-02', TAKEN_PORT)]
  site = await openSite(TIERS)
  await site.startUpdater()
  for (const name of Object.keys(TIERS) as TierName[]) {
    const [id = ''] = await site.submit(name, 1)
    jobs.set(name, id)
  }
})
afterAll(async () => {
  for (const one of listeners) one.kill()
  await site.close()
  if (cgroup !== undefined) await rmdir(cgroup)
})

describe.concurrent('a job that cannot run', () => {
  it.each<[TierName, string, RegExp, RegExp]>([
    ['arguments', 'bad-arguments', /does not accept its argument "--no-such-argument"/, /tiers\.arguments\.args/],
    ['missing', 'model-missing', /not readable there: ".*nobody-has-this\.gguf"/, /on every node/],
    ['torn', 'model-broken', /not within the file bounds/, /Compare the file/],
    ['port', 'port-in-use', /Another process on that node has its port 8099/, /Leave tiers\.port\.port out/],
    ['flash', 'flash-attention', /V cache is quantized/, /flash-attn on/],
    ['slow', 'load-timeout', /within loadTimeoutSeconds \(2 s\)/, /raise tiers\.slow\.loadTimeoutSeconds/],
    ['wrong', 'bad-arguments', /does not accept its argument "--of-tomorrow"/, /Correct tiers\.wrong\.args/],
    ['builds', 'other-builds', /different builds: 0\..* here, b1 \(of another day\) on vasp-03/, /same build/],
    ['deaf', 'worker-unreachable', /could not reach the worker at 10\.77\.0\.1[23]:50140/, /rpc\.port \(50140\)/],
    ['taken', 'port-in-use', /Another process on that node has its worker's port 50150/, /an rpc\.port of its own/],
    ['script', 'script-failed', /script failed before its supervisor began \(exit 3:0\)/, /sluice logs/],
  ])('%s: %s', async (name, cause, what, fix) => {
    const answer = await until(`what is wrong with ${name}`, async () => main(await explained(jobOf(name))), {
      ...PATIENCE,
      holds: one => one?.cause === cause && what.test(one.what),
    })
    expect(answer).toMatchObject({ what: expect.stringMatching(what), fix: expect.stringMatching(fix) })
    expect(answer?.evidence).not.toEqual([])
  })

  it('that gave up says so after its end, by its kept log and Slurm’s word', async () => {
    const id = jobOf('arguments')
    await until('the end of its job', async () => (await showJob(id))['JobState'] === 'CANCELLED', PATIENCE)
    const { now, runs, notFound } = await explained('arguments')
    expect({ now, notFound }).toEqual({ now: null, notFound: [] })
    expect(runs).toMatchObject([{ replica: `arguments-${id}-0`, cause: 'bad-arguments' }])
    const { stdout } = await site.sluice('explain', id, '--config', site.configFile)
    expect(String(stdout)).toMatch(
      new RegExp(
        `^Job ${id} \\(arguments\\): The engine does not accept its argument "--no-such-argument"[^]*What shows it:\n  events/arguments-${id}-0\\.jsonl\n[^]*What to do:\n  Correct tiers\\.arguments\\.args`,
      ),
    )
  })

  it('that gave up leaves its endpoint file until an operator stops it', async () => {
    const id = jobOf('missing')
    await until('the end of its job', async () => (await showJob(id))['JobState'] === 'CANCELLED', PATIENCE)
    expect(await endpointOf('missing')).toMatchObject({ state: 'failed' })
    const { stdout } = await site.sluice('stop', 'missing', '--config', site.configFile)
    expect(String(stdout)).toBe(`missing has no jobs\nRemoved the files of missing-${id}-0-0: its run is over`)
    expect(await endpointOf('missing')).toBeUndefined()
    expect((await explained(id)).runs).toMatchObject([{ cause: 'model-missing' }])
  })

  it('whose output directory has gone is a launch that failed', async () => {
    const id = jobOf('output')
    await ready('output')
    await rm(OUTPUT, { recursive: true })
    await writeFile(OUTPUT, 'a file: newer versions of Slurm would make the directory')
    await execa('scontrol', ['requeue', id])
    const answer = await runEnded(id, 'launch-failed')
    expect(answer).toMatchObject({ restarts: 1, fix: expect.stringContaining(`${OUTPUT}/%x-%j.log`) })
    expect((await explained(id)).runs.map(run => run.cause)).toEqual(['launch-failed', 'requeued'])
  })
})

describe.concurrent('an engine that dies', () => {
  it('of a KILL without an out-of-memory count is reported as killed', async () => {
    const serving = await ready('killed')
    await writeProgram('killed', 'exec sleep 600')
    process.kill(engineOf(serving), 'SIGKILL')
    const answer = await troubled('killed')
    expect(answer).toMatchObject({ cause: 'engine-killed', what: expect.stringMatching(/was killed \(SIGKILL\)/) })
    await cancel(jobOf('killed'))
  })

  it('because a worker was killed is explained by that worker', async () => {
    const serving = await ready('group')
    await writeProgram('group/ggml-rpc-server', 'exec sleep 600')
    process.kill(await workerOf(serving), 'SIGKILL')
    const answer = await troubled('group')
    expect(answer).toMatchObject({
      cause: 'worker-lost',
      what: expect.stringMatching(
        /Its worker on vasp-02 ended, srun exited with code \d+ \(killed by SIGKILL, and no out-of-memory kill was counted/,
      ),
    })
    await cancel(jobOf('group'))
  })

  it('while its workers live is reported as killed itself', async () => {
    const serving = await ready('head')
    await writeProgram('head/ggml-rpc-server', 'exec sleep 600')
    process.kill(engineOf(serving), 'SIGKILL')
    expect(await troubled('head')).toMatchObject({ cause: 'engine-killed' })
    await cancel(jobOf('head'))
  })

  it('leaves its tier to answer why no engine serves, as before its start', async () => {
    const id = jobOf('asked')
    const told = async () => {
      const answer = await fetch(`${GATEWAY}/asked/v1/chat/completions`, { method: 'POST', body: '{}' })
      const { error } = JSON.parse(await answer.text())
      const again = answer.headers.get('retry-after')
      return { status: answer.status, again, code: error?.code ?? null, message: error?.message ?? '' }
    }
    const hears = (code: string | null) =>
      until(`what clients are told: ${code}`, told, { ...PATIENCE, holds: one => one.code === code })

    expect(await hears('tier_queued')).toMatchObject({
      status: 503,
      again: '300',
      message: expect.stringMatching(/\(job \d+\) is queued\. /),
    })
    await execa('scontrol', ['release', id])
    expect(await hears('tier_loading')).toMatchObject({
      status: 503,
      again: '10',
      message: expect.stringMatching(/ since \d\d:\d\d:\d\dZ;/),
    })
    await writeFile(fake('go'), '')
    await ready('asked')
    await until('an answer', async () => (await fetch(`${GATEWAY}/asked/v1/models`)).status === 200, PATIENCE)
    await writeFile(fake('no'), '')
    process.kill(engineOf((await endpointOf('asked')) as Endpoint), 'SIGKILL')
    expect(await hears('tier_failed')).toMatchObject({
      ...{ status: 503, again: null },
      message: expect.stringMatching(new RegExp(`sluice explain ${id}$`)),
    })
    const unknown = await fetch(`${GATEWAY}/removed/v1/models`)
    expect([unknown.status, JSON.parse(await unknown.text()).error.code]).toEqual([404, 'unknown_path'])
  })

  it.skipIf(!existsSync(MEMORY))('of an out-of-memory kill is reported as short of host memory', async () => {
    const loading = await until('its engine', () => endpointOf('hungry'), {
      ...PATIENCE,
      holds: one => (one?.processes.length ?? 0) > 0,
    })
    if (loading === undefined) throw new Error('no engine')
    await imprison(await supervisorOf(loading))
    await writeFile(fake('eat'), '')
    const answer = await troubled('hungry', one => one?.cause === 'host-memory')
    expect(answer).toMatchObject({
      what: expect.stringMatching(/It ran out of host memory: slurm\.mem=1G is too small/),
      fix: expect.stringMatching(/^Raise tiers\.hungry\.slurm\.mem/),
      evidence: expect.arrayContaining([
        {
          source: `events/hungry-${jobOf('hungry')}-0.jsonl`,
          text: expect.stringMatching(/engine exited \(oomKills 1\): Killed by SIGKILL/),
        },
      ]),
    })
    await cancel(jobOf('hungry'))
  })
})

describe('a replica that serves', () => {
  it('is reported as running, with its node', async () => {
    const [one] = await site.serving(1)
    const { now, runs } = await explained('fast')
    expect(now).toMatchObject({
      cause: 'runs',
      what: expect.stringContaining(`It runs on ${one?.job.node}`),
      fix: null,
    })
    expect(runs).toEqual([])
  })

  it('preempted, held and cancelled, is explained run by run', async () => {
    const [one] = await site.serving(1)
    const id = one?.job.id ?? ''
    const preemptor = await preempt(one?.job.node ?? '')
    const requeued = await runEnded(`fast-${id}-0`, 'preempted')
    expect(requeued.what).toMatch(/a job of higher priority needed its node; it finished its answers, and it requeued/)
    await cancel(preemptor)
    await until('its second run', async () => (await site.serving(1))[0]?.job.restarts === 1, PATIENCE)
    await execa('scontrol', ['requeuehold', id])
    const held = await until('its hold', async () => (await explained(id)).now, {
      ...PATIENCE,
      holds: now => now?.cause === 'held-requeued',
    })
    expect(held?.fix).toContain(`scontrol release ${id}`)
    await execa('scontrol', ['release', id])
    await execa('scontrol', ['hold', id])
    const byAdmin = await explained(id)
    expect([byAdmin.now?.cause, ...byAdmin.runs.map(run => run.cause)]).toEqual([
      'held-by-admin',
      'requeued',
      'preempted',
    ])
    await cancel(id)
    await until('its end', async () => (await showJob(id))['JobState'] === 'CANCELLED', PATIENCE)
    expect((await explained(`fast-${id}-0`)).runs[0]).toMatchObject({ restarts: 0, cause: 'preempted' })
  })

  it('drained by an operator, cancelled, timed out or killed has a cause for each', async () => {
    const [drained = '', cancelled = '', late = ''] = await site.submit('fast', 3)
    const serving = await site.serving(3)
    await execa('scontrol', ['update', `JobId=${late}`, 'EndTime=now+2'])
    const drain = site.sluice('drain', drained, '--config', site.configFile)
    await cancel(cancelled)
    expect((await runEnded(cancelled, 'cancelled')).what).toBe('It was cancelled (scancel)')
    await drain
    expect((await runEnded(drained, 'drained')).what).toMatch(/^An operator removed it/)
    expect((await runEnded(late, 'timed-out')).what).toMatch(/^Its walltime /)
    const [victim = ''] = await site.submit('fast', 1)
    const [alive] = await site.serving(1)
    expect([alive?.job.id, serving.length]).toEqual([victim, 3])
    if (alive === undefined) throw new Error('nobody serves')
    process.kill(await supervisorOf(alive), 'SIGKILL')
    expect((await runEnded(victim, 'supervisor-killed')).fix).toMatch(/dmesg/)
  })
})

describe('a name', () => {
  it.each([
    ['999999', 1, /^Cannot explain job 999999: it is not known/],
    ['fats', 2, /did you mean "fast"/],
    ['fast-999999-0', 1, /it is not known/],
  ])('%s ends with exit code %d', async (name, code, words) => {
    const refused = await site.sluice('explain', name, '--config', site.configFile).catch(error => error)
    expect([refused.exitCode, refused.stderr]).toEqual([code, expect.stringMatching(words)])
  })

  it('is explained by what it left where Slurm does not answer, which is said', async () => {
    await writeProgram('silent/squeue', 'echo "Unable to contact slurm controller" >&2; exit 1')
    const { stdout } = await asUser('ai', [
      ...['env', `PATH=${fake('silent')}:/usr/bin:/bin`, SLUICE],
      ...['explain', 'missing', '--json', '--config', site.configFile],
    ])
    const { runs, notFound }: Explanation = JSON.parse(String(stdout))
    expect(runs.map(run => run.cause)).toEqual(['model-missing'])
    expect(notFound).toEqual([expect.stringContaining('Cannot run squeue')])
  })
})

async function explained(name: string): Promise<Explanation> {
  const { stdout } = await site.sluice('explain', name, '--json', '--config', site.configFile)
  return JSON.parse(String(stdout))
}

function main({ now, runs }: Explanation): Answer | undefined {
  return now ?? runs[0]
}

/** Waits until its engine has died while the job lives, and why is told. */
function troubled(
  name: TierName,
  holds = (one: Answer | undefined) => one !== undefined && one.cause !== 'runs',
): Promise<Answer | undefined> {
  return until(`the trouble of ${name}`, async () => (await explained(jobOf(name))).now ?? undefined, {
    ...PATIENCE,
    holds,
  })
}

async function runEnded(name: string, cause: string): Promise<RunAnswer> {
  const explanation = await until(`${name} to have ended: ${cause}`, () => explained(name), {
    ...PATIENCE,
    holds: one => one.runs[0]?.cause === cause,
  })
  const [answer] = explanation.runs
  if (answer === undefined) throw new Error('no run')
  return answer
}

async function endpointOf(name: TierName): Promise<Endpoint | undefined> {
  return (await site.endpoints()).find(one => one.tier === name)
}

async function ready(name: TierName): Promise<Endpoint> {
  const found = await until(`${name} to be ready`, () => endpointOf(name), {
    ...PATIENCE,
    holds: one => one?.state === 'ready',
  })
  if (found === undefined) throw new Error('not ready')
  return found
}

/** The pid of the worker's program on the second node. */
async function workerOf({ job }: Endpoint): Promise<number> {
  for (const { pid } of await findMarked(`SLUICE_WORKER=${job.id}-${job.restarts}`)) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
    if (argv[0]?.endsWith('ggml-rpc-server') === true && argv.includes('10.77.0.12')) return pid
  }
  throw new Error('Cannot find the worker on vasp-02')
}

/** Somebody else's process, on all addresses of a node. */
function listen(node: string, port: number): ReturnType<typeof onNode> {
  const script = `require('node:net').createServer().listen(${port}, '0.0.0.0')`
  return onNode(node, [process.execPath, '-e', script], { reject: false })
}

let cgroup: string | undefined

/** Puts a process, and with it whatever it starts from now on, into a memory cgroup of 200 MB, as Slurm does with slurm.mem. */
async function imprison(pid: number): Promise<void> {
  const own = /:memory:(.*)/.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  cgroup = await mkdtemp(join(MEMORY, own, 'sluice-explain-'))
  await chmod(cgroup, 0o755) // the job's account reads its counts
  await writeFile(join(cgroup, 'memory.limit_in_bytes'), String(200 * 1024 * 1024))
  await writeFile(join(cgroup, 'cgroup.procs'), String(pid))
}

async function writeProgram(name: string, text: string): Promise<void> {
  await mkdir(join(fake(name), '..'), { recursive: true })
  // Replaced, as the one before may be running.
  await rm(fake(name), { force: true })
  await writeFile(fake(name), `#!/bin/sh\n${text}\n`)
  await chmod(fake(name), 0o755)
}

async function writeFakes(): Promise<void> {
  const worker = 'exec "$(echo /usr/libexec/*/llama/bin/ggml-rpc-server)" "$@"'
  for (const name of ['group', 'head', 'builds', 'taken']) await writeProgram(`${name}/ggml-rpc-server`, worker)
  await writeProgram('wrong/ggml-rpc-server', `set -- "$@" --of-tomorrow\n${worker}`)
  const others = '[ "$(uname -n)" = vasp-03 ] && echo "version: b1 (of another day)" && exit'
  await writeProgram('builds/llama-server', `${others}\nexec llama-server "$@"`)
  // Takes the one connection before the head's, and then listens no more.
  await writeProgram('deaf/ggml-rpc-server', `exec ${process.execPath} ${fake('deaf.cjs')} "$@"`)
  await writeFile(
    fake('deaf.cjs'),
    `const server = require('node:net').createServer(socket => { socket.destroy(); server.close() })
server.listen(Number(process.argv[process.argv.indexOf('-p') + 1]), process.argv[process.argv.indexOf('-H') + 1])
setInterval(() => {}, 1000)`,
  )
  await writeProgram('flash', 'exec llama-server "$@" --flash-attn off --cache-type-v q4_0')
  await writeProgram('sleep', 'exec sleep 600')
  await writeProgram('killed', 'exec llama-server "$@"')
  await writeProgram(
    'asked',
    `case "$1" in --help | --version) exec llama-server "$@" ;; esac
until [ -e ${fake('go')} ]; do sleep 0.1; done
[ -e ${fake('no')} ] && set -- --no-such-argument
exec llama-server "$@"`,
  )
  // Its first process is outside of the cgroup; those that follow are in it from their beginning, and eat.
  await writeProgram(
    'hungry',
    `if [ -e ${fake('eat')} ]; then exec ${process.execPath} -e 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'; fi
until [ -e ${fake('eat')} ]; do sleep 0.1; done; exit 1`,
  )
  const whole = await readFile(ONE_MODEL.file)
  await writeFile(fake('torn.gguf'), whole.subarray(0, 300_000))
}
