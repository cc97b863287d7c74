import { expect, it } from 'vitest'
import { UNKNOWN_LOAD } from '../../../src/core/domain/load.ts'
import type { ReplicaRequest } from '../../../src/core/domain/replica-request.ts'
import type { GatewayRoutes } from '../../../src/core/domain/routes-file.ts'
import { runSupervisor } from '../../../src/programs/supervisor/loop.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** A replica without a job; what it does is written down, in order. */
function replica(world: { unfit?: string } = {}) {
  const clock = manualClock()
  const term = new AbortController()
  const did: string[] = []
  const said: unknown[] = []
  const played = {
    routes: new Map<string, GatewayRoutes>(),
    connections: 0,
    request: (_: ReplicaRequest) => {},
  }
  const over = runSupervisor({
    identity: {
      ...{ tier: 'fast', engine: 'demo', serves: ['chat'] },
      job: { id: '7', restarts: 0, name: 'sluice up', node: 'localhost' },
    },
    limits: { loadTimeoutMs: 60_000, killWaitMs: 30_000 },
    ...{ beatMs: 5_000, signalLeadSeconds: 120, slurm: undefined, clock, term: term.signal },
    registry: {
      publish: async ({ state, message }) => void did.push(message === null ? state : `${state}: ${message}`),
      stands: async () => 'stands',
      remove: async () => void did.push('removed'),
      beat: async () => {},
      routes: async () => played.routes,
      keepLog: async () => {},
      collectLog: async () => {},
      showLog: async () => {},
    },
    endpoints: [
      {
        id: 'fast-7-0-0',
        engine: {
          logs: [],
          trimLogs: async () => {},
          preflight: async () => world.unfit,
          start: async () => ({
            ...{ processes: () => [], url: 'http://127.0.0.1:40000', exited: new Promise<string>(() => {}) },
            health: async () => ({ kind: 'ready', models: ['m'] }),
            load: async () => UNKNOWN_LOAD,
            loadModels: async () => {},
            connections: async () => played.connections,
            stop: async () => {
              did.push('stopped')
              return []
            },
            lastLines: async () => '',
          }),
        },
      },
    ],
    record: (event, detail) => void said.push([event, detail['comeBack']]),
    oomKills: () => undefined,
    onRequest: heard => {
      played.request = heard
    },
  })
  return { clock, term, did, said, played, over }
}

it('drains at a TERM, which asks it to end, and ends when it is idle', async () => {
  const { clock, term, did, played, over } = replica()
  await clock.advance(1_000)
  played.connections = 1
  term.abort()
  await clock.advance(3_000)
  expect(did.slice(1)).toEqual(['ready', 'draining: Draining: cancelled'])
  played.connections = 0
  await clock.advance(1_500)
  await over
  expect(did.slice(-2)).toEqual(['stopped', 'removed'])
})

it('drains when an operator asks it to leave, lets its parent know, and ends', async () => {
  const { clock, did, said, played, over } = replica()
  await clock.advance(1_000)
  played.request({ kind: 'drain', requeue: false, withinSeconds: undefined })
  await clock.advance(3_000)
  await over
  expect(said).toContainEqual(['asked to leave', false])
  expect(did.slice(-2)).toEqual(['stopped', 'removed'])
})

it('ends 25 s after the TERM, though clients are still connected', async () => {
  const { clock, term, did, played, over } = replica()
  await clock.advance(1_000)
  played.connections = 1
  term.abort()
  await clock.advance(24_500)
  expect(did).not.toContain('stopped')
  await clock.advance(1_000)
  await over
  expect(did.slice(-2)).toEqual(['stopped', 'removed'])
})

it('ends by itself where it cannot run, and its file says why', async () => {
  const { clock, did, over } = replica({ unfit: 'Cannot run fast here' })
  await clock.advance(3_000)
  await over
  expect(did).toEqual(['failed: Cannot run fast here'])
})

it('starts nothing when the TERM comes before all else', async () => {
  const { clock, term, did, over } = replica()
  term.abort()
  await clock.advance(3_000)
  await over
  expect(did).toEqual([])
})
