import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { asUser } from '../cluster/as-user.ts'
import { RUNTIME_DIRECTORY } from '../cluster/directories.ts'
import { CONTROLLER } from '../cluster/network.ts'
import { onNode } from '../cluster/on-node.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, type Outcome, send, underLoad } from '../site/clients.ts'
import { GATEWAY_DIRECTORY, openSite, type Site, SLOW_MODEL } from '../site/site.ts'
import { stayConnected } from '../site/stay-connected.ts'

const PATIENCE = { timeoutMs: 60_000 }
const LONG = { model: SLOW_MODEL, tokens: 150, stream: true }
let site: Site

beforeAll(async () => {
  site = await openSite()
  await site.startUpdater()
})
afterAll(() => site.close())

describe('sluice drain', () => {
  it('loses no request, and the job is gone for good', async () => {
    const [leaving] = await twoServing()
    const outcomes = await underLoad(async () => {
      const { stdout } = await run('drain', leaving.id)
      const told = String(stdout).split('\n')
      const about = `fast job ${leaving.job.id}:`
      expect(told).toContain(`${about} draining; no new requests, its answers are ending`)
      expect(told.at(-1)).toBe(`${about} gone, CANCELLED`)
    })
    await noneLost(outcomes, leaving)
    const events = await site.events(replicaOf(leaving))
    // Its notice step may end before it does, or with it.
    const named = events.filter(one => one.event !== 'ear ended')
    expect(named.map(one => one.event)).toEqual(['ready', 'draining', 'drained', 'engine stopped', 'cancelled'])
    expect(named[2]).toMatchObject({ cause: 'operator', outcome: 'idle' })
    expect(await showJob(leaving.job.id)).toMatchObject({ JobState: 'CANCELLED', Restarts: '0' })
  })

  it('with --requeue loses no request either, and the replica comes back', async () => {
    const [leaving] = await twoServing()
    const outcomes = await underLoad(async () => {
      await run('drain', leaving.job.id, '--requeue')
      const back = await site.serving(2)
      expect(back.map(one => one.id)).toContain(`fast-${leaving.job.id}-1-0`)
    })
    await noneLost(outcomes, leaving)
    const refused = await failure('drain', leaving.id)
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`is "fast-${leaving.job.id}-1" now`) })
  })

  it('is still what counts when the node’s owner takes it meanwhile', async () => {
    const [leaving] = await twoServing()
    const client = stayConnected(leaving)
    const draining = run('drain', leaving.id)
    const causes = async () =>
      (await site.events(replicaOf(leaving))).filter(one => one.event === 'draining').map(one => one['cause'])
    await until('the drain', causes, { ...PATIENCE, holds: seen => seen.length === 1 })
    const preemptor = await preempt(leaving.job.node)
    const both = await until('the preemption', causes, { ...PATIENCE, holds: seen => seen.length === 2 })
    expect(both).toEqual(['operator', 'preempted'])
    client.leave()
    expect(String((await draining).stdout)).toContain(`fast job ${leaving.job.id}: gone, CANCELLED`)
    const restarts = String(leaving.job.restarts)
    expect(await showJob(leaving.job.id)).toMatchObject({ JobState: 'CANCELLED', Restarts: restarts })
    await cancel(preemptor)
  })

  it('cuts what has not ended within the time that it is given', async () => {
    const [leaving] = await twoServing()
    const client = stayConnected(leaving)
    await run('drain', leaving.id, '--within', '1')
    client.leave()
    const drained = (await site.events(replicaOf(leaving))).find(one => one.event === 'drained')
    expect(drained).toMatchObject({ outcome: 'deadline', cause: 'operator', connections: 1 })
  })

  it('changes nothing in a dry run, nor for a name that there is not', async () => {
    const [one] = await twoServing()
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
    expect([foreign.exitCode, foreign.stderr]).toEqual([2, expect.stringContaining('it belongs to ai (uid 2001)')])
    expect((await site.serving(2)).map(endpoint => endpoint.id)).toContain(one.id)
  })
})

describe('sluice stop', () => {
  it('finishes every answer of the tier, and cancels at once what waits', async () => {
    await twoServing()
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

/** Shows what is needed to find out why, where one was lost. */
async function noneLost(outcomes: readonly Outcome[], leaving: Endpoint): Promise<void> {
  const lost = lostOf(outcomes)
  if (lost.length > 0) {
    console.log(performance.timeOrigin, leaving, await site.events(replicaOf(leaving)))
    console.log(await readFile(join(GATEWAY_DIRECTORY, 'logs/error.log'), 'utf8'))
  }
  expect(lost).toEqual([])
}

function run(...argv: string[]) {
  return site.sluice(...argv, '--config', site.configFile)
}

async function failure(...argv: string[]): Promise<unknown> {
  return run(...argv).catch(error => error)
}

/** Whatever the test before left: two replicas that serve. */
async function twoServing(): Promise<[Endpoint, Endpoint]> {
  const there = await jobsThat('PENDING,RUNNING')
  if (there.length < 2) await site.submit('fast', 2 - there.length)
  const [one, other] = await site.serving(2)
  if (one === undefined || other === undefined) throw new Error('nobody serves')
  return [one, other]
}

function replicaOf({ tier, job }: Endpoint): string {
  return `${tier}-${job.id}-${job.restarts}`
}

async function jobsThat(state: string): Promise<string[]> {
  const { stdout } = await asUser('ai', ['squeue', '--me', '-h', `--states=${state}`, '--format=%i'])
  return String(stdout).split('\n').filter(Boolean)
}

/** Returns when the gateway is connected to the engine: it has somebody to answer. */
async function answering({ url, job }: Endpoint): Promise<void> {
  const filter = ['sport', '=', `:${new URL(url ?? '').port}`, 'and', 'dst', CONTROLLER.address]
  await until(
    `an answer of ${job.node}`,
    async () => String((await onNode(job.node, ['ss', '-Htn', 'state', 'established', ...filter])).stdout) !== '',
    PATIENCE,
  )
}
