import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Endpoint, replicaOf } from '../../src/domain/endpoint.ts'
import { findNginx, isAccepting } from '../../src/gateway/nginx-processes.ts'
import { findMarked } from '../../src/system/processes.ts'
import { lostOf, underLoad } from './clients.ts'
import { earOf, engineOf, markerOf, supervisorOf } from './replica-processes.ts'
import { GATEWAY_DIRECTORY, isAlive, nginxPid, openSite, type Site } from './site.ts'
import { startSlurmctld, stopSlurmctld } from './slurm-daemons.ts'
import { cancel, preempt, showJob } from './slurm-view.ts'
import { until } from './until.ts'

const PATIENCE = { timeoutMs: 90_000 }
const RUNS = { ...PATIENCE, holds: (state: string | undefined) => state === 'RUNNING' }
let site: Site

beforeAll(async () => {
  site = await openSite(undefined, { timing: { squeueSeconds: 2, beatSeconds: 1, leaseSeconds: 5 } })
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
})
afterAll(() => site.close())

describe('an updater', () => {
  it('killed -9 leaves nginx serving, and the next one takes over and changes nothing; no request is lost', async () => {
    const before = await state()
    const outcomes = await underLoad(async load => {
      await site.stopUpdater('SIGKILL')
      const answered = load.outcomes.length
      await until('answers without an updater', () => load.outcomes.length >= answered + 12, PATIENCE)
      await site.startUpdater()
      const beat = await routesBeat()
      await until('its work', async () => (await routesBeat()) > beat + 1, PATIENCE)
    })
    expect(lostOf(outcomes)).toEqual([])
    expect(await state()).toEqual(before)
    const events = (await site.events('updater-main')).map(one => one.event)
    expect(events.slice(events.lastIndexOf('updater started'))).not.toContain('routes changed')
  })

  it('is the only one: a second is refused in a line, with exit code 2', async () => {
    const second = await site.sluice('updater', '--config', site.configFile).catch(error => error)
    expect(second).toMatchObject({
      exitCode: 2,
      stderr: `Cannot run an updater for gateway "main": another one holds "${GATEWAY_DIRECTORY}"; stop that one first`,
    })
    expect(isAlive(site.updaterPid())).toBe(true)
  })

  it('brings back an nginx whose master was killed; no request is lost', async () => {
    const master = nginxPid() ?? 0
    const outcomes = await underLoad(async () => {
      process.kill(master, 'SIGKILL')
      await until('another master', nginxPid, { ...PATIENCE, holds: pid => pid !== undefined && pid !== master })
      await until('one generation', generations, { ...PATIENCE, holds: parents => parents.length === 1 })
      await site.serving(2)
    })
    expect(lostOf(outcomes)).toEqual([])
  })

  it('need do nothing about a killed worker: nginx has another; only what that worker had breaks', async () => {
    const before = await state()
    const [worker] = findNginx(GATEWAY_DIRECTORY).filter(isAccepting)
    if (worker === undefined) throw new Error('nginx has no worker')
    let killedAt = 0
    const outcomes = await underLoad(async () => {
      killedAt = performance.now()
      process.kill(worker.pid, 'SIGKILL')
      await until('as many workers', () => findNginx(GATEWAY_DIRECTORY).filter(isAccepting).length, {
        ...PATIENCE,
        holds: count => count === 4,
      })
    })
    console.log(lostOf(outcomes), killedAt)
    expect(await state()).toEqual(before)
  })

  it('that is away leaves a preempted replica answering to its deadline, and routes its next run', async () => {
    const leaving = await anyServing(2)
    await site.stopUpdater('SIGKILL')
    const preemptor = await preempt(leaving.job.node)
    let stoppedAt = 0
    const outcomes = await underLoad(async load => {
      await until('the drain', async () => (await eventsOf(leaving)).at(-1)?.event === 'draining', PATIENCE)
      const answered = load.outcomes.length
      await until('answers', () => load.outcomes.length >= answered + 12, PATIENCE)
      expect((await findMarked(markerOf(leaving))).length).toBeGreaterThan(1)
      await until('the engine to stop', async () => (await findMarked(markerOf(leaving))).length === 0, PATIENCE)
      stoppedAt = performance.now()
      await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'], RUNS)
      await site.startUpdater()
      await until('its withdrawal', async () => !(await site.routed()).includes(leaving.id), PATIENCE)
    })
    console.log(lostOf(outcomes), stoppedAt, (await eventsOf(leaving)).slice(-4))
    const events = await eventsOf(leaving)
    expect(events.slice(-3)).toMatchObject([
      { event: 'drained', outcome: 'deadline', cause: 'preempted', cleared: false },
      { event: 'engine stopped' },
      { event: 'requeued' },
    ])
    await cancel(preemptor)
    const back = await site.serving(2)
    expect(back.map(one => one.id)).toContain(`fast-${leaving.job.id}-${leaving.job.restarts + 1}-0`)
  })
})

describe('slurmctld', () => {
  it('is away for a while: nothing is withdrawn, and no request is lost', async () => {
    const before = await state()
    const outcomes = await underLoad(async load => {
      await stopSlurmctld()
      await until('the trouble', async () => await troubles('squeue'), {
        ...PATIENCE,
        holds: seen => seen.at(-1) === 'trouble',
      })
      const answered = load.outcomes.length
      await until('answers', () => load.outcomes.length >= answered + 12, PATIENCE)
      await startSlurmctld()
      await until('its return', async () => await troubles('squeue'), {
        ...PATIENCE,
        holds: seen => seen.at(-1) === 'recovered',
      })
    })
    expect(lostOf(outcomes)).toEqual([])
    expect(await state()).toEqual(before)
  })

  it('is away while an ear is killed: that replica drains, stays, and serves again afterwards; no request is lost', async () => {
    const victim = await anyServing(2)
    const engine = engineOf(victim)
    const earlier = (await eventsOf(victim)).length
    const outcomes = await underLoad(async () => {
      await stopSlurmctld()
      process.kill(await earOf(victim), 'SIGKILL')
      await until('its withdrawal', async () => !(await site.served()).includes(victim.id), PATIENCE)
      expect(isAlive(engine)).toBe(true)
      await startSlurmctld()
      const back = await site.serving(2)
      expect(back.map(one => one.id)).toContain(victim.id)
      await until('its new ear', () => earSteps(victim), { ...PATIENCE, holds: steps => steps.length === 1 })
    })
    expect(lostOf(outcomes)).toEqual([])
    expect(isAlive(engine)).toBe(true)
    const events = (await eventsOf(victim)).slice(earlier)
    console.log(events)
    expect(events.map(one => one.event).slice(0, 3)).toEqual(['ear ended', 'draining', 'false alarm'])
    expect(events[1]).toMatchObject({ cause: null, deadlineMs: null, comeBack: false })
    expect(await showJob(victim.job.id)).toMatchObject({ JobState: 'RUNNING', Restarts: String(victim.job.restarts) })
  })

  it('is away while a supervisor is killed -9: its beat stands still, its port refuses, it is withdrawn', async () => {
    const [victim, other] = await site.serving(2)
    if (victim === undefined || other === undefined) throw new Error('two have to serve')
    let killedAt = 0
    const outcomes = await underLoad(async () => {
      await stopSlurmctld()
      const supervisor = await supervisorOf(victim)
      killedAt = performance.now()
      process.kill(supervisor, 'SIGKILL')
      await until('its withdrawal', () => site.served(), { ...PATIENCE, holds: ids => !ids.includes(victim.id) })
      expect(await site.served()).toEqual([other.id])
      await startSlurmctld()
      await until('the end of its job', async () => (await showJob(victim.job.id))['JobState'] === 'FAILED', PATIENCE)
    })
    const excused = (one: (typeof outcomes)[number]) => one.begun && one.request.stream && one.startedAt < killedAt
    expect(lostOf(outcomes).filter(one => !excused(one))).toEqual([])
    expect(await findMarked(markerOf(victim))).toEqual([])
    await execa('rm', [join('/cluster/shared/ai/endpoints', `${victim.id}.json`)])
    await site.submit('fast', 1)
    await site.serving(2)
  })
})

describe('an ear', () => {
  it('that is killed is a false alarm; the next one hears a real preemption, and no request is lost', async () => {
    const leaving = await anyServing(2)
    const ear = await earOf(leaving)
    let preemptor = ''
    const outcomes = await underLoad(async () => {
      process.kill(ear, 'SIGKILL')
      await until('another ear', async () => (await earOf(leaving)) !== ear, PATIENCE)
      await until('its step', () => earSteps(leaving), { ...PATIENCE, holds: steps => steps.length === 1 })
      expect(await site.served()).toContain(leaving.id)
      preemptor = await preempt(leaving.job.node)
      await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'], RUNS)
    })
    expect(lostOf(outcomes)).toEqual([])
    const events = (await eventsOf(leaving)).map(one => one.event)
    expect(events.slice(-6)).toEqual([
      ...['ear ended', 'ear ended', 'draining', 'drained', 'engine stopped', 'requeued'],
    ])
    await cancel(preemptor)
    await site.serving(2)
  })
})

describe('an operator', () => {
  it('requeues a job: it comes back under the next id, and the other replica is not touched', async () => {
    const [leaving, other] = await site.serving(2)
    if (leaving === undefined || other === undefined) throw new Error('two have to serve')
    const outcomes = await underLoad(async () => {
      await execa('scontrol', ['requeue', leaving.job.id])
      const next = `fast-${leaving.job.id}-${leaving.job.restarts + 1}-0`
      await until('its next run', () => site.served(), { ...PATIENCE, holds: ids => ids.includes(next) })
    })
    console.log(lostOf(outcomes), (await eventsOf(leaving)).slice(-5), (await eventsOf(other)).slice(-2))
    await site.serving(2)
  })

  it('cancels a job: it drains and stays cancelled, and the other replica is not touched', async () => {
    const [leaving, other] = await site.serving(2)
    if (leaving === undefined || other === undefined) throw new Error('two have to serve')
    const outcomes = await underLoad(async () => {
      await cancel(leaving.job.id)
      await until('its withdrawal', () => site.served(), { ...PATIENCE, holds: ids => !ids.includes(leaving.id) })
      await until('its end', async () => (await findMarked(markerOf(leaving))).length === 0, PATIENCE)
    })
    console.log(
      lostOf(outcomes),
      (await eventsOf(leaving)).slice(-5),
      (await eventsOf(other)).slice(-2),
      await showJob(leaving.job.id),
    )
  })
})

/** What a restart of anything must leave as it is. */
async function state() {
  return { master: nginxPid(), served: await site.served(), generation: (await routes()).generation }
}

async function routes(): Promise<{ beat: number; generation: number }> {
  return JSON.parse(await readFile('/cluster/shared/ai/routes/main.json', 'utf8'))
}

async function routesBeat(): Promise<number> {
  return (await routes()).beat
}

/** The masters, or what is left of them, whose workers accept connections. */
async function generations(): Promise<number[]> {
  return [
    ...new Set(
      findNginx(GATEWAY_DIRECTORY)
        .filter(isAccepting)
        .map(one => one.parent),
    ),
  ]
}

/** The numbers of the job's steps that are ears. */
async function earSteps({ job }: Endpoint): Promise<string[]> {
  const { stdout } = await execa('squeue', ['--steps', '--noheader', `--jobs=${job.id}`, '--format=%i %j'])
  return stdout.split('\n').filter(line => line.trim().endsWith(' ear'))
}

async function troubles(what: string): Promise<string[]> {
  return (await site.events('updater-main')).filter(one => one['what'] === what).map(one => one.event)
}

async function eventsOf(endpoint: Endpoint) {
  return site.events(replicaOf(endpoint.id))
}

async function anyServing(count: number): Promise<Endpoint> {
  const [first] = await site.serving(count)
  if (first === undefined) throw new Error('Cannot choose a replica: nobody serves')
  return first
}
