import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { until } from '../../support/until.ts'
import { readCluster } from '../cluster/cluster-state.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, openAi, send, startClients } from '../site/clients.ts'
import { FAST_MODEL, GATEWAY, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const { options } = await readCluster()
const hasGrace = options.graceSeconds > 0
let site: Site

beforeAll(async () => {
  site = await openSite()
  await site.startUpdater()
})
afterAll(() => site.close())

/** Of the jobs of an earlier file Slurm may still know one that failed. */
const NOBODY = expect.stringMatching(/^tier_(not_submitted|failed)$/)

describe('the path', () => {
  it('answers 503 in the shape of OpenAI while nobody serves, and says why', async () => {
    const refused = async () => {
      const answer = await fetch(`${GATEWAY}/v1/chat/completions`, { method: 'POST', body: '{}' })
      const { error } = JSON.parse(await answer.text())
      return { status: answer.status, again: answer.headers.get('retry-after'), error }
    }
    // Before Slurm has been asked for the first time, it is not known that there is no job.
    const told = await until('why', refused, { ...PATIENCE, holds: ({ error }) => error.code !== 'tier_unavailable' })
    expect(told).toMatchObject({ status: 503, again: null, error: { code: NOBODY } })
    expect(told.error.message).toContain('fast')
  })

  it('serves through nginx once two replicas are ready', async () => {
    await site.submit('fast', 2)
    const endpoints = await site.serving(2)
    expect(new Set(endpoints.map(one => one.job.node)).size).toBe(2)
    const { stdout } = await execa('curl', ['-sf', `${GATEWAY}/v1/models`])
    expect(JSON.parse(stdout).data.map((model: { id: string }) => model.id)).toContain(FAST_MODEL)
    expect(await send({ model: FAST_MODEL, tokens: 50, stream: false })).toMatchObject({ lost: undefined })
    expect(await send({ model: FAST_MODEL, tokens: 50, stream: true })).toMatchObject({ lost: undefined })
  })

  it('passes the engine’s own refusal on as it is', async () => {
    const refusal = openAi().chat.completions.create({ model: 'nobody', messages: [{ role: 'user', content: 'x' }] })
    await expect(refusal).rejects.toMatchObject({ status: 400 })
  })
})

describe('a preemption', () => {
  it('loses no request, hands the node over when the last answer ends, and comes back', async () => {
    const [leaving] = await site.serving(2)
    if (leaving === undefined) throw new Error('nobody serves')
    const { id: jobId, node } = leaving.job
    const marker = `SLUICE_ENDPOINT=${leaving.id}`
    const load = startClients(6, [
      { model: SLOW_MODEL, tokens: 40, stream: true },
      { model: FAST_MODEL, tokens: 200, stream: true },
      { model: FAST_MODEL, tokens: 20, stream: false },
    ])
    await until('every kind of request to have been answered', () => load.outcomes.length >= 12, PATIENCE)

    const engine = await findMarked(marker)
    expect(engine.length).toBeGreaterThan(1)
    const preemptor = await preempt(node)
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)

    const events = await site.events(`fast-${jobId}-0`)
    const names = events.map(one => one.event)
    const drained = events.find(one => one.event === 'drained')
    if (hasGrace) {
      expect(drained).toMatchObject({ outcome: 'idle', cause: 'preempted', cleared: true, connections: 0 })
      expect(names).toEqual(['ready', 'ear ended', 'draining', 'drained', 'engine stopped', 'requeued'])
    } else {
      // Slurm has requeued by itself. The notice step and the TERM tell at the same time, and the one that is first
      // knows less.
      expect(drained).toMatchObject({ outcome: 'idle', cause: 'requeued', cleared: true, connections: 0 })
      const expected = ['ready', 'draining', 'drained', 'engine stopped']
      expect([...new Set(names)].filter(name => name !== 'ear ended')).toEqual(expected)
    }
    expect(await findMarked(marker)).toEqual([])
    expect(await showJob(jobId)).toMatchObject({ Restarts: '1' })

    await cancel(preemptor)
    const back = await site.serving(2)
    expect(back.map(one => one.id)).toContain(`fast-${jobId}-1-0`)
    const outcomes = await load.stop()
    expect(lostOf(outcomes)).toEqual([])
    expect(outcomes.length).toBeGreaterThan(20)
  })
})
