import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { parseSummary } from '../../../src/core/status/status-summary.ts'
import type { JobRound } from '../../../src/programs/updater/job-subscribers.ts'
import { createSummaryPublisher } from '../../../src/programs/updater/publish-summary.ts'
import { endpoint } from '../../support/endpoint.ts'
import { EXAMPLE } from '../../support/example-config.ts'
import { runningJob } from '../../support/job.ts'
import { manualClock } from '../../support/manual-clock.ts'

const running: JobView = { ...runningJob, comment: 'sluice:beefcake2:fast:abc' }
const failing: JobRound = { unknown: 'squeue: error: slurm_load_jobs: secret of the site' }
const problem = { file: '/cluster/shared/ai/endpoints/secret.json', message: 'Empty file' }

function publisher(jobs: JobRound, write: () => Promise<void> = async () => undefined, costMs = 0) {
  const { config } = parseConfig(EXAMPLE, 'f')
  if (config === undefined) throw new Error('Cannot read the example')
  const clock = manualClock()
  let spentMs = 0
  const written: string[] = []
  const events: string[] = []
  const effects = {
    registry: {
      scan: async () => ({ endpoints: [endpoint], beats: new Map(), problems: [problem] }),
      writeRoutes: async () => undefined,
    },
    record: (event: string, detail: object) => void events.push(`${event} ${JSON.stringify(detail)}`),
  }
  const summary = createSummaryPublisher(
    config,
    effects as unknown as Parameters<typeof createSummaryPublisher>[1],
    async (gateway, text) => {
      await write()
      written.push(`${gateway} ${text}`)
    },
    // It asks for the date once in a summary.
    {
      ...clock,
      now: () => clock.now() + spentMs,
      date() {
        spentMs += costMs
        return clock.date()
      },
    },
  )
  const stopped = new AbortController()
  const publishing = summary.keepPublishing(stopped.signal)
  return {
    ...{ summary, clock, events, written },
    hear: () => summary.hear(jobs),
    latest: () => parseSummary(written.at(-1)?.replace(/^main /, '') ?? ''),
    stop: () => {
      stopped.abort()
      return publishing
    },
  }
}

it('says what the updater has heard, once in a beat, and nothing before it has looked', async () => {
  const jobs = [running, { ...running, id: '7', comment: 'sluice:other:fast:abc' }]
  const poll = { startedAt: 0, jobs: new Map(jobs.map(job => [job.id, job])), complete: true }
  const site = publisher({ poll, sinceLastMs: 0 })
  await site.clock.advance(5_000)
  expect(site.written).toEqual([])
  await site.summary.effects.registry.scan({ beats: true })
  await site.hear()
  await site.summary.effects.registry.writeRoutes(
    { version: 1, gateway: 'main', beat: 1, generation: 3, tiers: { fast: [endpoint.id] } },
    { flush: false },
  )
  await site.clock.advance(5_000)
  expect(site.latest()).toMatchObject({
    ...{ site: 'beefcake2', gateway: 'main', beat: 1, gateways: [{ name: 'main', generation: 3, routes: 1 }] },
    tiers: [
      {
        ...{ name: 'fast', url: expect.stringMatching(/^http:\/\/.+:8080$/), running: 1, ready: 1 },
        replicas: [{ job: '4242', endpoint: { id: endpoint.id, state: 'ready', url: null, routedBy: ['main'] } }],
      },
      { name: 'reasoning', replicas: [] },
    ],
  })
  await site.stop()
})

it('passes on why an endpoint is not routed, and no words of the world', async () => {
  const site = publisher(failing)
  await site.summary.effects.registry.scan({ beats: true })
  await site.hear()
  const standing = 'Not routed: Node "vasp-02" cannot be resolved yet'
  site.summary.effects.record('standing', { id: endpoint.id, standing })
  await site.clock.advance(5_000)
  expect(site.latest()).toMatchObject({
    tiers: [
      { replicas: [{ endpoint: { notRouted: ['not routed by main: Node "vasp-02" cannot be resolved yet'] } }] },
      {},
    ],
    problems: ['Slurm does not answer the updater', 'Files of the registry that cannot be read: 1'],
  })
  expect(site.written.join()).not.toContain('secret')
  await site.stop()
})

it('tells once that it cannot write, and goes on', async () => {
  const site = publisher(failing, async () => {
    throw new Error('Cannot write "x": ENOSPC')
  })
  await site.summary.effects.registry.scan({ beats: true })
  await site.clock.advance(15_000)
  expect(site.events).toEqual([
    'trouble {"what":"summary","message":"Cannot write \\"x\\": ENOSPC; other accounts see an old summary"}',
  ])
  await site.stop()
})

it('comes less often where it costs the updater much, and says how often', async () => {
  const site = publisher(failing, undefined, 100)
  await site.summary.effects.registry.scan({ beats: true })
  await site.clock.advance(5_000)
  expect([site.written.length, site.latest()]).toMatchObject([1, { everySeconds: 5, leaseSeconds: 20 }])
  await site.clock.advance(19_000)
  expect(site.written.length).toBe(1)
  await site.clock.advance(1_000)
  expect([site.written.length, site.latest()]).toMatchObject([2, { everySeconds: 20, leaseSeconds: 60 }])
  await site.stop()
})
