import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findNginx, isAccepting } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { stopDaemon } from '../cluster/daemons.ts'
import { SHARED_DIRECTORY } from '../cluster/directories.ts'
import { slurmdName, startSlurmctld, startSlurmd, stopSlurmctld } from '../cluster/slurm-daemons.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { isOfDeadModel, lostBeyond, lostOf, type Outcome, underLoad } from '../site/clients.ts'
import { engineOf, markerOf, noticeStepOf, supervisorOf } from '../site/replica-processes.ts'
import { GATEWAY_DIRECTORY, isAlive, nginxPid, openSite, type Site, type SiteEvent } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
let site: Site

beforeAll(async () => {
  site = await openSite(undefined, { timing: { squeueSeconds: 2, beatSeconds: 1, leaseSeconds: 5 } })
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
})
afterAll(() => site.close())

describe('an updater killed -9', () => {
  it('leaves nginx serving; the next one takes over and changes nothing, and no request is lost', async () => {
    const before = await state()
    const outcomes = await underLoad(async load => {
      await site.stopUpdater('SIGKILL')
      const answered = load.outcomes.length
      await until('answers without an updater', () => load.outcomes.length >= answered + 12, PATIENCE)
      await site.startUpdater()
      const { beat } = await routes()
      await until('its work', async () => (await routes()).beat > beat + 1, PATIENCE)
    })
    expect(lostOf(outcomes)).toEqual([])
    expect(await state()).toEqual(before)
    const events = (await site.events('updater-main')).map(one => one.event)
    expect(events.slice(events.lastIndexOf('updater started'))).not.toContain('routes changed')
  })

  it('leaves a preempted replica answering to its deadline; the next one routes its next run', async () => {
    const [leaving] = await twoServing()
    await site.stopUpdater('SIGKILL')
    const preemptor = await preempt(leaving.job.node)
    let stoppedAt = 0
    const outcomes = await underLoad(async load => {
      await until('the drain', async () => (await eventsOf(leaving)).at(-1)?.event === 'draining', PATIENCE)
      const answered = load.outcomes.length
      await until('answers meanwhile', () => load.outcomes.length >= answered + 12, PATIENCE)
      expect(await site.served()).toContain(leaving.id)
      expect(isAlive(engineOf(leaving))).toBe(true)
      await until('the engine to stop', async () => (await findMarked(markerOf(leaving))).length === 0, PATIENCE)
      stoppedAt = performance.now()
      await runs(preemptor)
      await site.startUpdater()
      await withdrawn(leaving)
    })
    expect(lostBeyond(outcomes, one => one.begun && one.request.stream && one.startedAt < stoppedAt)).toEqual([])
    expect((await eventsOf(leaving)).slice(-3)).toMatchObject([
      { event: 'drained', outcome: 'deadline', cause: 'preempted', cleared: false },
      { event: 'engine stopped' },
      { event: 'requeued' },
    ])
    await cancel(preemptor)
    const back = await site.serving(2)
    expect(back.map(one => one.id)).toContain(nextIdOf(leaving))
  })
})

describe.concurrent('a running updater', () => {
  it('is the only one: a second is refused in a line, with exit code 2', async () => {
    const second = await site.sluice('updater', '--config', site.configFile).catch(error => error)
    expect(second).toMatchObject({
      exitCode: 2,
      stderr: `Cannot run an updater for gateway "main": another one holds "${GATEWAY_DIRECTORY}"; stop that one first`,
    })
    expect(isAlive(site.updaterPid())).toBe(true)
  })

  it('starts nginx again when its master was killed; what its workers had is answered, and nothing is lost but connections that nobody had accepted', async () => {
    const master = nginxPid() ?? 0
    const outcomes = await underLoad(async () => {
      process.kill(master, 'SIGKILL')
      await until('another master', nginxPid, { ...PATIENCE, holds: pid => pid !== undefined && pid !== master })
      await until('the end of the old workers', () => findNginx(GATEWAY_DIRECTORY).every(isOf(nginxPid())), PATIENCE)
      await site.serving(2)
    })
    // The old workers give up the ports before the new nginx can take them: what waited to be accepted is reset.
    const isUnaccepted = ({ lost = '', begun }: Outcome) => !begun && /ECONNREFUSED|ECONNRESET/.test(lost)
    expect(lostBeyond(outcomes, isUnaccepted)).toEqual([])
  })
})

describe('a killed worker of nginx', () => {
  it('is replaced by nginx; only what it had breaks', async () => {
    const before = await state()
    const workers = findNginx(GATEWAY_DIRECTORY).filter(isAccepting)
    const [worker] = workers
    if (worker === undefined) throw new Error('Cannot kill a worker: nginx has none')
    let killedAt = 0
    let replacedAt = 0
    const outcomes = await underLoad(async () => {
      killedAt = performance.now()
      process.kill(worker.pid, 'SIGKILL')
      await until('as many workers', () => findNginx(GATEWAY_DIRECTORY).filter(isAccepting), {
        ...PATIENCE,
        holds: now => now.length === workers.length && now.every(one => one.pid !== worker.pid),
      })
      replacedAt = performance.now()
    })
    expect(lostBeyond(outcomes, one => one.startedAt < replacedAt && one.endedAt > killedAt)).toEqual([])
    expect(await state()).toEqual(before)
  })
})

describe('slurmctld stopped for a while', () => {
  it('withdraws nobody; a replica whose notice step was killed drains, stays and serves again; no request is lost', async () => {
    const [victim] = await twoServing()
    const engine = engineOf(victim)
    const before = await state()
    const oldSteps = new Set(await noticeStepsOf(victim))
    const earlier = (await eventsOf(victim)).length
    const outcomes = await underLoad(async load => {
      await stopSlurmctld()
      await until('the trouble', () => squeueTroubles(), { ...PATIENCE, holds: seen => seen.at(-1) === 'trouble' })
      const answered = load.outcomes.length
      await until('answers meanwhile', () => load.outcomes.length >= answered + 12, PATIENCE)
      expect(await state()).toEqual(before)

      process.kill(await noticeStepOf(victim), 'SIGKILL')
      await withdrawn(victim)
      expect(isAlive(engine)).toBe(true)
      await startSlurmctld()
      const back = await site.serving(2)
      expect(back.map(one => one.id)).toContain(victim.id)
      // A slurmctld that was away when the srun of a step was killed may keep that step to the end of the job.
      const newSteps = async () => new Set(await noticeStepsOf(victim)).difference(oldSteps)
      await until('its new notice step', newSteps, { ...PATIENCE, holds: steps => steps.size === 1 })
      await until('the end of the trouble', squeueTroubles, { ...PATIENCE, holds: seen => seen.at(-1) === 'recovered' })
    })
    expect(lostOf(outcomes)).toEqual([])
    expect(isAlive(engine)).toBe(true)
    const events = (await eventsOf(victim)).slice(earlier)
    expect(events.slice(0, 3).map(one => one.event)).toEqual(['ear ended', 'draining', 'false alarm'])
    expect(events[1]).toMatchObject({ cause: null, deadlineMs: null, comeBack: false })
    // Right after its return slurmctld may refuse the step of a new notice step; the next try comes in seconds.
    expect(new Set(events.slice(3).map(one => one.event)).difference(new Set(['ear ended']))).toEqual(new Set())
    expect(await showJob(victim.job.id)).toMatchObject({ JobState: 'RUNNING', Restarts: String(victim.job.restarts) })
  })

  it('does not hide a supervisor killed -9: its beat stands still, its port refuses, and it is withdrawn', async () => {
    const [victim, other] = await twoServing()
    let endedAt = 0
    const outcomes = await underLoad(async () => {
      await stopSlurmctld()
      const supervisor = await supervisorOf(victim)
      process.kill(supervisor, 'SIGKILL')
      await until('the end of its engine', async () => (await findMarked(markerOf(victim))).length === 0, PATIENCE)
      endedAt = performance.now()
      await withdrawn(victim)
      expect(await site.served()).toEqual([other.id])
      await startSlurmctld()
      await until('the end of its job', async () => (await showJob(victim.job.id))['JobState'] === 'FAILED', PATIENCE)
    })
    expect(
      lostBeyond(outcomes, one => one.startedAt < endedAt && ((one.begun && one.request.stream) || isOfDeadModel(one))),
    ).toEqual([])
    const routabilities = (await site.events('updater-main')).filter(one => one['id'] === victim.id)
    expect(routabilities.map(one => one['standing'])).toContain(
      'Not routed: Its beat stands still, and its port does not connect',
    )
    await rm(join(SHARED_DIRECTORY, 'endpoints', `${victim.id}.json`))
    await site.submit('fast', 1)
  })
})

describe('a killed notice step', () => {
  it('is a false alarm; the next one hears a real preemption, and no request is lost', async () => {
    const [leaving] = await twoServing()
    const noticeStep = await noticeStepOf(leaving)
    let preemptor = ''
    const outcomes = await underLoad(async () => {
      process.kill(noticeStep, 'SIGKILL')
      await until('another notice step', async () => (await noticeStepOf(leaving)) !== noticeStep, PATIENCE)
      await until('its step', () => noticeStepsOf(leaving), { ...PATIENCE, holds: steps => steps.length === 1 })
      expect(await site.served()).toContain(leaving.id)
      preemptor = await preempt(leaving.job.node)
      await runs(preemptor)
    })
    expect(lostOf(outcomes)).toEqual([])
    const events = await eventsOf(leaving)
    // Slurm is asked when the next notice step begins to hear, and that may tell of the preemption before the notice
    // step does.
    const others = events.filter(one => one.event !== 'ear ended').slice(-4)
    expect(others.map(one => one.event)).toEqual(['draining', 'drained', 'engine stopped', 'requeued'])
    expect(others[1]).toMatchObject({ outcome: 'idle', cause: 'preempted' })
    await cancel(preemptor)
  })
})

// Under proctrack/linuxproc Slurm's TERM reaches the whole tree; the engine blocks it.
describe('an operator', () => {
  it('requeues a job: it drains within KillWait, comes back under its next id; no request is lost', async () => {
    const [leaving, other] = await twoServing()
    const untouched = await eventsOf(other)
    const outcomes = await underLoad(async () => {
      await execa('scontrol', ['requeue', leaving.job.id])
      await withdrawn(leaving)
      await until('its next run', () => site.served(), { ...PATIENCE, holds: ids => ids.includes(nextIdOf(leaving)) })
    })
    expect(lostOf(outcomes)).toEqual([])
    expectTermDrain(await eventsOf(leaving), 'requeued')
    expect(await eventsOf(other)).toEqual(untouched)
    expect((await site.serving(2)).map(one => one.id).sort()).toEqual([nextIdOf(leaving), other.id].sort())
  })

  it('cancels a job: it drains within KillWait and stays cancelled; no request is lost', async () => {
    const [leaving, other] = await twoServing()
    const untouched = await eventsOf(other)
    const outcomes = await underLoad(async () => {
      await cancel(leaving.job.id)
      await withdrawn(leaving)
      await until(
        'the end of its file',
        async () => !(await site.endpoints()).some(one => one.id === leaving.id),
        PATIENCE,
      )
      await morePolls()
    })
    expect(lostOf(outcomes)).toEqual([])
    expectTermDrain(await eventsOf(leaving), 'cancelled')
    expect(await eventsOf(other)).toEqual(untouched)
    expect(await findMarked(markerOf(leaving))).toEqual([])
    expect(await showJob(leaving.job.id)).toMatchObject({
      JobState: 'CANCELLED',
      Restarts: String(leaving.job.restarts),
    })
    expect(await site.served()).toEqual([other.id])
  })

  it('defers a requeued job: it stays away as long as that, and no longer than the operator says', async () => {
    const [leaving] = await withTwo()
    await execa('scontrol', ['requeue', leaving.job.id])
    await pending(leaving)
    await execa('scontrol', ['update', `JobId=${leaving.job.id}`, 'StartTime=now+1hour'])
    await morePolls()
    expect(await showJob(leaving.job.id)).toMatchObject({ JobState: 'PENDING', Reason: 'BeginTime' })
    await execa('scontrol', ['update', `JobId=${leaving.job.id}`, 'StartTime=now'])
    await until('its next run', () => site.served(), { ...PATIENCE, holds: ids => ids.includes(nextIdOf(leaving)) })
  })
})

describe('a node that goes down with its replica', () => {
  it('gets it back after its own return: the pause of that requeue is left to Slurm, and no launch fails', async () => {
    const [lost, other] = await withTwo()
    const { node } = lost.job
    const free = ['vasp-01', 'vasp-02', 'vasp-03'].filter(name => name !== node && name !== other.job.node)
    const takers = await Promise.all(free.map(name => preempt(name)))
    for (const taker of takers) await runs(taker)
    await stopDaemon(slurmdName(node), { signal: 'SIGKILL' })
    await execa('scontrol', ['update', `NodeName=${node}`, 'State=DOWN', 'Reason=lost'])
    await pending(lost)
    await until('the verdict on its pause', () => verdictsOn(lost), {
      ...PATIENCE,
      holds: verdicts => verdicts.length > 0,
    })
    await startSlurmd(node)
    await until('its next run', () => site.served(), { ...PATIENCE, holds: ids => ids.includes(nextIdOf(lost)) })
    expect(await verdictsOn(lost)).toEqual(['left to Slurm'])
    for (const taker of takers) await cancel(taker)
  })
})

/** Of KillWait, 30 s here, five seconds are kept; what has ended is not ours to requeue. */
function expectTermDrain(events: readonly SiteEvent[], cause: string): void {
  const drains = events.filter(one => one.event === 'draining')
  expect(drains[0]?.['deadlineMs']).toBeLessThanOrEqual(25_000)
  expect(drains.at(-1)).toMatchObject({ cause, comeBack: false })
  expect(events.at(-1)).toMatchObject({ event: 'engine stopped' })
}

/** What a restart of anything leaves as it is. */
async function state() {
  return { master: nginxPid(), served: await site.served(), generation: await site.generation() }
}

async function routes(): Promise<{ beat: number; generation: number }> {
  return JSON.parse(await readFile(join(SHARED_DIRECTORY, 'routes/main.json'), 'utf8'))
}

/** Several: the beat goes on each second, and Slurm is asked each two. */
async function morePolls(): Promise<void> {
  const { beat } = await routes()
  await until('more polls of Slurm', async () => (await routes()).beat > beat + 8, PATIENCE)
}

async function pending({ job }: Endpoint): Promise<void> {
  await until(`job ${job.id} to wait`, async () => (await showJob(job.id))['JobState'] === 'PENDING', PATIENCE)
}

/** What the updater made of the wait of its next run. */
async function verdictsOn({ job }: Endpoint): Promise<string[]> {
  const said = (await site.events('updater-main')).filter(
    one => one['job'] === job.id && one['restarts'] === job.restarts + 1,
  )
  return said.map(one => one.event)
}

async function withdrawn({ id }: Endpoint): Promise<void> {
  await until(`the withdrawal of ${id}`, () => site.served(), { ...PATIENCE, holds: ids => !ids.includes(id) })
}

async function runs(jobId: string): Promise<void> {
  await until(`job ${jobId} to run`, async () => (await showJob(jobId))['JobState'] === 'RUNNING', PATIENCE)
}

function isOf(master: number | undefined) {
  return (one: { pid: number; parent: number }) => one.pid === master || one.parent === master
}

/** The steps of the job that are notice steps. */
async function noticeStepsOf({ job }: Endpoint): Promise<string[]> {
  const { stdout } = await execa('squeue', ['--steps', '--noheader', `--jobs=${job.id}`, '--format=%i %j'])
  return stdout.split('\n').filter(line => / (?:sluice-notice|ear)$/.test(line.trim()))
}

async function squeueTroubles(): Promise<string[]> {
  return (await site.events('updater-main')).filter(one => one['what'] === 'squeue').map(one => one.event)
}

function eventsOf({ id }: Endpoint): Promise<SiteEvent[]> {
  return site.events(replicaOf(id))
}

function nextIdOf({ tier, job }: Endpoint): string {
  return `${tier}-${job.id}-${job.restarts + 1}-0`
}

/** Two that serve, whatever the tests before have left. */
async function withTwo(): Promise<[Endpoint, Endpoint]> {
  const { length } = await site.served()
  if (length < 2) await site.submit('fast', 2 - length)
  return twoServing()
}

async function twoServing(): Promise<[Endpoint, Endpoint]> {
  const [one, other] = await site.serving(2)
  if (one === undefined || other === undefined) throw new Error('Cannot choose a replica: two have to serve')
  return [one, other]
}
