import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/domain/endpoint.ts'
import { parseEstablished } from '../../src/system/tcp-table.ts'
import { asUser } from './as-user.ts'
import { lostOf, send, underLoad } from './clients.ts'
import { RUNTIME_DIRECTORY } from './directories.ts'
import { onNode } from './on-node.ts'
import { openSite, type Site, SLOW_MODEL } from './site.ts'
import { cancel, preempt, showJob } from './slurm-view.ts'
import { until } from './until.ts'

const PATIENCE = { timeoutMs: 60_000 }
const LONG = { model: SLOW_MODEL, tokens: 400, stream: true }
let site: Site

beforeAll(async () => {
  site = await openSite()
  await site.startUpdater()
  await site.submit('fast', 2)
})
afterAll(() => site.close())

describe('sluice drain', () => {
  it('loses no request, and the job is gone for good', async () => {
    const leaving = await anyServing(2)
    const outcomes = await underLoad(async () => {
      const { stdout } = await run('drain', leaving.id)
      const told = String(stdout).split('\n')
      const about = `fast job ${leaving.job.id}:`
      expect(told).toContain(`${about} draining; no new requests, its answers are ending`)
      expect(told.at(-1)).toBe(`${about} gone, CANCELLED`)
    })
    expect(lostOf(outcomes)).toEqual([])
    const events = await site.events(replicaOf(leaving))
    expect(events.map(one => one.event)).toEqual(['ready', 'draining', 'drained', 'engine stopped', 'cancelled'])
    expect(events[2]).toMatchObject({ cause: 'operator', outcome: 'idle' })
    expect(await showJob(leaving.job.id)).toMatchObject({ JobState: 'CANCELLED', Restarts: '0' })
    await site.submit('fast', 1)
  })

  it('with --requeue loses no request either, and the replica comes back', async () => {
    const leaving = await anyServing(2)
    const outcomes = await underLoad(async () => {
      await run('drain', leaving.job.id, '--requeue')
      const back = await site.serving(2)
      expect(back.map(one => one.id)).toContain(`fast-${leaving.job.id}-1-0`)
    })
    expect(lostOf(outcomes)).toEqual([])
    const refused = await failure('drain', leaving.id)
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`is "fast-${leaving.job.id}-1" now`) })
  })

  it('is still what counts when the node’s owner takes it meanwhile', async () => {
    const [leaving, staying] = await site.serving(2)
    if (leaving === undefined || staying === undefined) throw new Error('nobody serves')
    const answers = Array.from({ length: 4 }, () => send(LONG))
    await answering(leaving)
    const draining = run('drain', leaving.id)
    await until('the drain', async () => (await eventsOf(leaving)).includes('draining'), PATIENCE)
    const preemptor = await preempt(leaving.job.node)
    await draining
    expect((await site.events(replicaOf(leaving))).filter(one => one.event === 'draining')).toMatchObject([
      { cause: 'operator', deadlineMs: null },
      { cause: 'preempted' },
    ])
    expect(await showJob(leaving.job.id)).toMatchObject({ JobState: 'CANCELLED', Restarts: '0' })
    expect(lostOf(await Promise.all(answers))).toEqual([])
    await cancel(preemptor)
    await site.submit('fast', 1)
  })

  it('cuts what has not ended within the time that it is given', async () => {
    const [leaving] = await site.serving(2)
    if (leaving === undefined) throw new Error('nobody serves')
    const answers = Array.from({ length: 4 }, () => send({ ...LONG, tokens: 2_000 }))
    await answering(leaving)
    await run('drain', leaving.id, '--within', '1')
    const drained = (await site.events(replicaOf(leaving))).find(one => one.event === 'drained')
    expect(drained).toMatchObject({ outcome: 'deadline', cause: 'operator' })
    const outcomes = await Promise.all(answers)
    expect(lostOf(outcomes).length).toBeGreaterThan(0)
    expect(lostOf(outcomes).length).toBeLessThan(outcomes.length)
    await site.submit('fast', 1)
  })

  it('changes nothing in a dry run, nor for a name that there is not', async () => {
    const one = await anyServing(2)
    expect((await run('drain', one.id, '--dry-run')).stdout).toContain(`fast job ${one.job.id}: asking it to leave`)
    expect(await failure('drain', 'fast')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('sluice stop'),
    })
    const misspelt = `fats-${one.job.id}-${one.job.restarts}`
    expect(await failure('drain', misspelt)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`did you mean "${replicaOf(one)}"`),
    })
    const argv = [`${RUNTIME_DIRECTORY}/current/sluice`, 'drain', one.id, '--config', site.configFile]
    const foreign = await asUser('vasp', argv, { reject: false })
    expect([foreign.exitCode, foreign.stderr]).toEqual([2, expect.stringContaining('it belongs to uid 2001')])
    expect((await site.serving(2)).map(endpoint => endpoint.id)).toContain(one.id)
  })
})

describe('sluice stop', () => {
  it('finishes every answer of the tier, and cancels at once what waits', async () => {
    await site.serving(2)
    await site.submit('fast', 2)
    await site.serving(3)
    const waiting = await until('a job that waits', async () => jobsThat('PENDING'), {
      ...PATIENCE,
      holds: ids => ids.length === 1,
    })
    const answers = Array.from({ length: 6 }, () => send(LONG))
    for (const endpoint of await site.endpoints()) await answering(endpoint)
    expect(String((await run('stop', 'fast', '--dry-run')).stdout)).toContain(
      `fast job ${waiting[0]}: cancelling it: it waits`,
    )
    const { stdout } = await run('stop', 'fast', '--json')
    expect(JSON.parse(String(stdout)).jobs).toMatchObject(Array(4).fill({ isDone: true, words: 'gone, CANCELLED' }))
    expect(lostOf(await Promise.all(answers))).toEqual([])
    expect(await site.endpoints()).toEqual([])
    expect((await run('stop', 'fast')).stdout).toBe('fast has no jobs')
  })

  it('with --now waits for no answer', async () => {
    const [id = ''] = await site.submit('fast', 1)
    const [leaving] = await site.serving(1)
    if (leaving === undefined) throw new Error('nobody serves')
    const answer = send({ ...LONG, tokens: 5_000 })
    await answering(leaving)
    await run('stop', id, '--now')
    expect(await showJob(id)).toMatchObject({ JobState: 'CANCELLED' })
    expect((await answer).lost).toBeDefined()
  })

  it('of a job that serves nobody yet cancels it', async () => {
    const [id = ''] = await site.submit('fast', 1)
    expect(String((await run('stop', id)).stdout)).toContain(`fast job ${id}: gone, CANCELLED`)
    expect(await jobsThat('RUNNING')).toEqual([])
  })
})

function run(...argv: string[]) {
  return site.sluice(...argv, '--config', site.configFile)
}

async function failure(...argv: string[]): Promise<unknown> {
  return run(...argv).catch(error => error)
}

async function anyServing(count: number): Promise<Endpoint> {
  const [one] = await site.serving(count)
  if (one === undefined) throw new Error('nobody serves')
  return one
}

async function eventsOf(endpoint: Endpoint): Promise<string[]> {
  return (await site.events(replicaOf(endpoint))).map(one => one.event)
}

function replicaOf({ tier, job }: Endpoint): string {
  return `${tier}-${job.id}-${job.restarts}`
}

async function jobsThat(state: string): Promise<string[]> {
  const { stdout } = await asUser('ai', ['squeue', '--me', '-h', `--states=${state}`, '--format=%i'])
  return String(stdout).split('\n').filter(Boolean)
}

/** Returns when the engine has somebody to answer. */
async function answering({ url, job }: Endpoint): Promise<void> {
  const port = Number(new URL(url ?? '').port)
  await until(
    `an answer of ${job.node}`,
    async () => {
      const { stdout } = await onNode(job.node, ['cat', '/proc/net/tcp'])
      return parseEstablished(String(stdout)).some(one => one.localPort === port)
    },
    PATIENCE,
  )
}
