import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { type Load, UNKNOWN_LOAD } from '../../../src/core/domain/load.ts'
import type { JobAnswer } from '../../../src/core/domain/notice.ts'
import type { ReplicaRequest } from '../../../src/core/domain/replica-request.ts'
import type { GatewayRoutes } from '../../../src/core/domain/routes-file.ts'
import type { EngineHealth } from '../../../src/core/engines/engine.ts'
import type { EngineLog } from '../../../src/programs/supervisor/effects.ts'
import { runSupervisor } from '../../../src/programs/supervisor/loop.ts'
import { manualClock } from '../../support/manual-clock.ts'

const job: JobView = {
  id: '7',
  state: 'running',
  stateText: 'RUNNING',
  reason: 'None',
  restarts: 0,
  nodeList: 'vasp-01',
  name: 'llama',
  remainingSeconds: 100_000,
}
const routesNaming = (...ids: string[]): ReadonlyMap<string, GatewayRoutes> =>
  new Map([['main', { version: 1, gateway: 'main', beat: 1, generation: 1, tiers: { fast: ids } }]])

const logs: readonly EngineLog[] = [{ name: 'engine', path: '/scratch/engine.log' }]

/** A replica whose world is played by the test; everything that it does is written down, in order. */
function replica(first: { oomKills?: number; logs?: readonly EngineLog[] } = {}) {
  const clock = manualClock()
  const term = new AbortController()
  const did: string[] = []
  const world = {
    answer: job as JobAnswer,
    routes: (() => Promise.resolve(routesNaming())) as () => Promise<ReadonlyMap<string, GatewayRoutes>>,
    connections: 0 as number | undefined,
    health: { kind: 'ready', models: ['m'] } as EngineHealth,
    published: [] as Endpoint[],
    publish: () => Promise.resolve(),
    stands: async (_: Endpoint): Promise<'stands' | 'gone' | 'fenced'> => 'stands',
    endNoticeStep: () => {},
    hear: () => {},
    exitEngine: (_how: string) => {},
    request: (_request: ReplicaRequest) => {},
    load: () => Promise.resolve(UNKNOWN_LOAD),
    requeue: () => Promise.resolve(),
    keepLog: () => Promise.resolve(),
    showLog: () => Promise.resolve(),
    shown: [] as string[],
    trims: 0,
    beats: [] as Load[],
    recorded: [] as string[],
    details: [] as Readonly<Record<string, unknown>>[],
    oomKills: first.oomKills,
  }
  const over = runSupervisor({
    identity: {
      tier: 'fast',
      engine: 'llama.cpp',
      serves: ['chat'],
      job: { id: '7', restarts: 0, name: 'llama', node: 'vasp-01' },
    },
    limits: { loadTimeoutMs: 60_000, killWaitMs: 30_000 },
    beatMs: 5_000,
    signalLeadSeconds: 120,
    registry: {
      publish: async endpoint => {
        await world.publish()
        did.push(endpoint.state)
        world.published.push(endpoint)
      },
      stands: async endpoint => world.stands(endpoint),
      remove: async () => void did.push('removed'),
      beat: async ({ endpoints }) => void world.beats.push(...Object.values(endpoints)),
      routes: () => world.routes(),
      keepLog: async ({ name }) => {
        did.push(`keeps ${name}`)
        await world.keepLog()
      },
      collectLog: async ({ name }) => void world.shown.push(`collects ${name}`),
      showLog: async ({ name }) => {
        world.shown.push(`shows ${name}`)
        await world.showLog()
      },
    },
    endpoints: [
      {
        id: 'fast-7-0-0',
        engine: {
          logs: first.logs ?? [],
          trimLogs: async () => {
            world.trims += 1
          },
          preflight: async () => undefined,
          start: async () => {
            did.push('started')
            return {
              processes: () => [{ role: 'server', pid: 100, node: 'vasp-02' }],
              url: 'http://10.0.0.11:8080',
              key: '9f86d081884c7d65',
              exited: new Promise(resolve => {
                world.exitEngine = resolve
              }),
              health: async () => world.health,
              load: () => world.load(),
              loadModels: async () => {},
              connections: async () => world.connections,
              stop: async () => {
                did.push('stopped')
                return []
              },
              lastLines: async () => 'last words',
            }
          },
        },
      },
    ],
    slurm: {
      listen: begun =>
        new Promise(resolve => {
          world.hear = begun
          world.endNoticeStep = () => resolve('code 42')
        }),
      job: async () => world.answer,
      requeue: async () => {
        did.push('requeue')
        await world.requeue()
        world.answer = { ...job, restarts: 1, state: 'pending' }
      },
      cancel: async () => {
        did.push('cancel')
        world.answer = { ...job, state: 'ended' }
      },
    },
    record: (event, detail) => {
      world.recorded.push(event)
      world.details.push(detail)
    },
    oomKills: () => world.oomKills,
    clock,
    term: term.signal,
    onRequest: heard => {
      world.request = heard
    },
  })
  return { clock, term, did, world, over }
}

describe('runSupervisor', () => {
  it('goes on where a call throws that must not, reports it once, and tries it again', async () => {
    const { clock, world } = replica()
    world.load = () => {
      throw new Error('no such thing')
    }
    await clock.advance(16_000)
    const told = world.details.filter((_, index) => world.recorded[index] === 'cannot')
    expect(told).toEqual([{ id: 'fast-7-0-0', what: 'look at its load', error: 'no such thing' }])
    world.load = async () => UNKNOWN_LOAD
    await clock.advance(5_000)
    expect(world.recorded.at(-1)).toBe('recovered')
  })

  it('publishes ready once the engine answers, and withdraws before it stops', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    expect(did).toEqual(['started', 'loading', 'ready'])
    expect(world.published.at(-1)).toMatchObject({
      url: 'http://10.0.0.11:8080',
      key: '9f86d081884c7d65',
      models: ['m'],
      processes: [{ pid: 100 }],
    })

    world.routes = () => Promise.resolve(routesNaming('fast-7-0-0'))
    world.connections = 1
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['draining'])

    world.routes = () => Promise.resolve(routesNaming())
    await clock.advance(3_000)
    expect(did.slice(4)).toEqual([]) // somebody is still connected

    world.connections = 0
    await clock.advance(1_500)
    expect(did.slice(4)).toEqual(['stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('leaves for good when an operator asks, after its answers', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.connections = 1
    world.request({ kind: 'drain', requeue: false, withinSeconds: undefined })
    await clock.advance(60_000)
    expect(did.slice(3)).toEqual(['draining'])
    world.connections = 0
    await clock.advance(1_500)
    expect(did.slice(4)).toEqual(['stopped', 'removed', 'cancel'])
    term.abort()
    await over
  })

  it("ends an operator's drain a minute after the last answer where only a file that says nothing holds it, and names that once", async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.routes = () => Promise.resolve(new Map([['old', { problem: 'Not JSON' }]]))
    world.connections = 1
    world.request({ kind: 'drain', requeue: false, withinSeconds: undefined })
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['draining'])
    world.connections = 0
    await clock.advance(59_000)
    expect(did.slice(4)).toEqual([])
    await clock.advance(2_000)
    expect(did.slice(4)).toEqual(['stopped', 'removed', 'cancel'])
    expect(world.recorded.filter(one => one === 'drain held')).toHaveLength(1)
    expect(world.details[world.recorded.indexOf('drain held')]).toMatchObject({ gateway: 'old', why: 'Not JSON' })
    const drained = world.details[world.recorded.indexOf('drained')]
    expect(drained).toMatchObject({ outcome: 'deadline', cause: 'operator', cleared: false, heldBy: ['old'] })
    term.abort()
    await over
  })

  it('waits for a gateway that lives and names it', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    const routes = { version: 1, gateway: 'main', generation: 1 } as const
    const beat = () => Math.floor(clock.now() / 5_000)
    world.routes = () =>
      Promise.resolve(new Map([['main', { ...routes, tiers: { fast: ['fast-7-0-0'] }, beat: beat() }]]))
    world.request({ kind: 'drain', requeue: true, withinSeconds: undefined })
    await clock.advance(70_000)
    expect(did.slice(3)).toEqual(['draining'])
    expect(world.recorded).not.toContain('drain held')
    world.routes = () => Promise.resolve(routesNaming())
    await clock.advance(1_500)
    expect(did.slice(4)).toEqual(['stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('keeps the engine while a routes file cannot be read or understood, to the deadline', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.routes = () => Promise.reject(new Error('EIO'))
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(8_000)
    world.routes = () => Promise.resolve(new Map([['main', { problem: 'Not JSON' }]]))
    await clock.advance(6_000)
    expect(did.slice(3)).toEqual(['draining'])
    await clock.advance(2_000)
    expect(did.slice(4)).toEqual(['stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('does not believe routes while its draining could not be written', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.publish = () => Promise.reject(new Error('EIO'))
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(5_000)
    expect(did.slice(3)).toEqual([])
    world.publish = () => Promise.resolve()
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('reaches its deadline while the shared directory hangs', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.routes = () => new Promise(() => {})
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(16_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('serves again after a false alarm, and hears the next notice', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.answer = undefined
    world.endNoticeStep()
    await clock.advance(3_000)
    expect(did.slice(3)).toEqual(['draining'])
    world.answer = job
    await clock.advance(10_000)
    expect(did.slice(4)).toEqual(['ready'])
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(3_000)
    expect(did.slice(5)).toEqual(['draining', 'stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('withdraws an engine that exited, with its last words, and starts it again', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.exitEngine('Killed by SIGKILL')
    await clock.advance(500)
    expect(did.slice(3)).toEqual(['loading', 'stopped'])
    expect(world.published.at(-1)?.message).toBe('Killed by SIGKILL: last words')
    await clock.advance(1_000)
    expect(did.slice(5)).toEqual(['started', 'loading', 'ready'])
    term.abort()
    await clock.advance(2_000)
    expect(did.slice(8)).toEqual(['draining', 'stopped', 'removed'])
    await over
  })

  it('takes the exit of an engine for what happened, and not that it refuses connections then', async () => {
    const { clock, world, term, over } = replica()
    await clock.advance(1_000)
    world.health = { kind: 'refused', message: 'ECONNRESET' }
    await clock.advance(4_250) // it is asked every 5 s
    expect(world.recorded).toEqual(['ready'])
    world.exitEngine('Killed by SIGKILL')
    world.health = { kind: 'ready', models: ['m'] }
    await clock.advance(3_000)
    expect(world.recorded).toEqual(['ready', 'engine exited', 'engine stopped', 'resting', 'ready'])
    world.health = { kind: 'refused', message: 'ECONNREFUSED' }
    await clock.advance(12_000)
    expect(world.recorded.slice(5, 9)).toEqual(['engine unwell', 'engine unfit', 'engine stopped', 'resting'])
    term.abort()
    await over
  })

  it('says that it is unwell, ends no answer for that, and is well again within seconds', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.connections = 1
    world.health = { kind: 'erring', message: 'HTTP 500' }
    await clock.advance(10_000)
    expect(world.published.at(-1)).toMatchObject({ state: 'ready', unwell: true, models: ['m'] })
    await clock.advance(60_000)
    world.health = { kind: 'ready', models: ['m'] }
    await clock.advance(1_500)
    expect(did).toEqual(['started', 'loading', 'ready', 'ready', 'ready'])
    expect(world.published.at(-1)).not.toHaveProperty('unwell')
    world.connections = 0
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('publishes again what was taken away', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.stands = async () => (world.published.length > 2 ? 'stands' : 'gone')
    await clock.advance(20_000)
    expect(did.slice(3)).toEqual(['ready'])
    expect(world.published.at(-1)).toEqual(world.published.at(-2))
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it.each<[string, () => Promise<'gone' | 'fenced'>, JobAnswer]>([
    ['while that cannot be found out', () => Promise.reject(new Error('EIO')), job],
    ['where a later run has published', async () => 'fenced', job],
    ['where Slurm runs the job anew', async () => 'gone', { ...job, restarts: 1 }],
    ['where Slurm has forgotten the job', async () => 'gone', 'forgotten'],
  ])('publishes nothing again %s', async (_, stands, answer) => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    Object.assign(world, { stands, answer })
    await clock.advance(20_000)
    expect(did.slice(3)).toEqual([])
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('asks again until Slurm shows that it was requeued, and never requeues a job that is not its own any more', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.endNoticeStep()
    await clock.advance(200)
    world.answer = undefined // slurmctld is away
    await clock.advance(10_000)
    world.answer = { ...job, state: 'unknown' } // and back, with a word that we do not know
    await clock.advance(10_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed'])
    world.answer = { ...job, restarts: 1 } // somebody else requeued it, and it runs again
    await clock.advance(10_000)
    expect(did.slice(6)).toEqual([])
    term.abort()
    await over
  })

  /** One whose engine has stopped because it was preempted. */
  async function preempted(change: Partial<ReturnType<typeof replica>['world']> = {}) {
    const played = replica({ logs })
    const { clock, world } = played
    await clock.advance(1_000)
    Object.assign(world, change, { answer: { ...job, preemptTime: 100, endTime: 120 } })
    world.endNoticeStep()
    await clock.advance(3_000)
    let hasEnded = false
    void played.over.then(() => {
      hasEnded = true
    })
    return { ...played, hasEnded: () => hasEnded }
  }

  it('does not end at the TERM of its requeue before the requeue has been answered', async () => {
    const answer = Promise.withResolvers<void>()
    const { clock, world, did, term, hasEnded } = await preempted({ requeue: () => answer.promise })
    expect(did.at(-1)).toBe('requeue')
    term.abort()
    await clock.advance(2_000)
    expect([hasEnded(), world.recorded.at(-1)]).toEqual([false, 'engine stopped'])
    answer.resolve()
    await clock.advance(100)
    expect([hasEnded(), world.recorded.at(-1)]).toEqual([true, 'requeued'])
  })

  it('ends within KillWait when its requeue is never answered, and says so', async () => {
    const { clock, world, term, hasEnded } = await preempted({ requeue: () => new Promise(() => {}) })
    term.abort()
    await clock.advance(21_000)
    expect([hasEnded(), world.recorded.at(-1)]).toEqual([true, 'cannot'])
    expect(world.details.at(-1)).toMatchObject({ what: 'requeue', error: expect.stringContaining('No answer') })
  })

  it('says that it was requeued only if it was', async () => {
    const refused = async () => Promise.reject(new Error('Access denied'))
    const { clock, world, term, over } = await preempted({ requeue: refused })
    world.answer = { ...job, state: 'ended' } // cancelled meanwhile
    await clock.advance(5_000)
    expect(new Set(world.recorded.slice(world.recorded.indexOf('engine stopped') + 1))).toEqual(new Set(['cannot']))
    term.abort()
    await over
  })

  it('asks to be requeued before it keeps its log, and ends in time where that never comes to an end', async () => {
    const { clock, world, did, term, hasEnded } = await preempted({ keepLog: () => new Promise(() => {}) })
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'requeue', 'keeps engine'])
    term.abort()
    await clock.advance(4_900)
    expect(hasEnded()).toBe(false)
    await clock.advance(200)
    expect([hasEnded(), world.recorded.at(-1)]).toEqual([true, 'cannot'])
    expect(world.details.at(-1)).toMatchObject({ what: 'keep the logs', error: 'No answer within 5 s' })
  })

  it('starts its engine again while the log of the run before is kept', async () => {
    const { clock, world, did, term, over } = replica({ logs })
    world.keepLog = () => new Promise(() => {})
    await clock.advance(1_000)
    world.exitEngine('Killed by SIGKILL')
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['loading', 'stopped', 'keeps engine', 'started', 'loading', 'ready'])
    term.abort()
    await clock.advance(10_000)
    await over
  })

  it('keeps its logs short while it runs, and leaves them alone while they are kept', async () => {
    const { clock, world, term, over } = replica({ logs })
    const copy = Promise.withResolvers<void>()
    world.keepLog = () => copy.promise
    await clock.advance(3_500)
    expect(world.trims).toBe(3)
    world.exitEngine('Killed by SIGKILL')
    await clock.advance(5_000)
    expect(world.recorded.at(-1)).toBe('ready')
    expect(world.trims).toBe(3)
    copy.resolve()
    await clock.advance(2_000)
    expect(world.trims).toBe(5)
    term.abort()
    await clock.advance(10_000)
    await over
  })

  it('shows what its engine prints while it runs, and not while the whole of it is kept', async () => {
    const { clock, world, term, over } = replica({ logs })
    const copy = Promise.withResolvers<void>()
    world.keepLog = () => copy.promise
    await clock.advance(10_500)
    expect(world.shown.filter(one => one === 'shows engine')).toHaveLength(2)
    expect(world.shown.filter(one => one === 'collects engine')).toHaveLength(10)
    const before = world.shown.length
    world.exitEngine('Killed by SIGKILL')
    await clock.advance(5_000)
    expect(world.shown.length).toBe(before)
    copy.resolve()
    await clock.advance(2_000)
    expect(world.shown.length).toBeGreaterThan(before)
    term.abort()
    await clock.advance(10_000)
    await over
  })

  it('keeps its logs short, beats and leaves, while what it shows hangs', async () => {
    const { clock, world, did, term, over } = replica({ logs })
    world.showLog = () => new Promise(() => {})
    await clock.advance(20_500)
    expect([world.trims, world.beats.length >= 4]).toEqual([20, true])
    term.abort()
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'keeps engine'])
    await over
  })

  it('keeps its log also where the job has ended already', async () => {
    const { clock, did, term, over } = replica({ logs })
    await clock.advance(1_000)
    term.abort()
    await clock.advance(2_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'keeps engine'])
    await over
  })

  it('reports a directory that takes nothing once, and its return', async () => {
    const { clock, world, term, over } = replica()
    world.publish = () => Promise.reject(new Error('EIO'))
    await clock.advance(10_000)
    world.publish = () => Promise.resolve()
    await clock.advance(10_000)
    expect(world.recorded).toEqual(['cannot', 'ready', 'recovered'])
    expect(world.published.at(-1)?.state).toBe('ready')
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('does not leave as soon as it hears because its walltime is short, but when its notice step ends', async () => {
    const { clock, did, world, term, over } = replica()
    world.answer = { ...job, remainingSeconds: 170 } // within the lead of 120 s and the minute that Slurm may be early
    await clock.advance(5_000)
    world.hear()
    await clock.advance(5_000)
    expect(did).toEqual(['started', 'loading', 'ready'])
    world.endNoticeStep()
    await clock.advance(5_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('asks Slurm once its notice step hears, so that a notice from before is not missed', async () => {
    const { clock, world, did, term, over } = replica()
    await clock.advance(1_000)
    world.hear()
    await clock.advance(1_000)
    expect(did.slice(3)).toEqual([]) // all is well, and the notice step is not started twice
    world.answer = { ...job, preemptTime: 100, endTime: 120 }
    world.hear()
    await clock.advance(3_000)
    expect(did.slice(3)).toEqual(['draining', 'stopped', 'removed', 'requeue'])
    term.abort()
    await over
  })

  it('records with an exit how many processes the kernel killed for memory, where the node counts them', async () => {
    const { clock, world, term, over } = replica({ oomKills: 3 })
    await clock.advance(1_000)
    const exits: unknown[] = []
    for (const count of [4, 4, undefined, 5, 1]) {
      world.oomKills = count
      world.exitEngine('Killed by SIGKILL')
      await clock.advance(20_000)
      exits.push(world.details[world.recorded.lastIndexOf('engine exited')]?.['oomKills'])
    }
    expect(exits).toEqual([1, 0, undefined, undefined, undefined])
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('beats while it lives', async () => {
    const { clock, world, term, over } = replica()
    await clock.advance(21_000)
    expect(world.beats.length).toBe(4)
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('beats with the load of an engine that serves, and does not wait for it: then it is not known', async () => {
    const { clock, world, term, over } = replica()
    const load: Load = { running: 3, waiting: 1, kv: 0.5, prefixHits: null }
    world.load = () => Promise.resolve(load)
    await clock.advance(11_000)
    expect(world.beats.at(-1)).toEqual(load)
    const asked = Promise.withResolvers<Load>()
    world.load = () => asked.promise
    await clock.advance(10_000)
    expect(world.beats.length).toBe(4)

    asked.resolve(UNKNOWN_LOAD)
    await clock.advance(5_000)
    expect(world.beats.at(-1)).toEqual(UNKNOWN_LOAD)
    term.abort()
    await clock.advance(2_000)
    await over
  })

  it('asks a draining engine for no load: its port is left to those who are counted', async () => {
    const { clock, world, term, over } = replica()
    let asked = 0
    world.load = async () => {
      asked += 1
      return UNKNOWN_LOAD
    }
    await clock.advance(6_000)
    world.connections = 1
    world.answer = { ...job, preemptTime: 100, endTime: 160 }
    world.endNoticeStep()
    const before = asked
    expect(before).toBeGreaterThan(0)
    await clock.advance(15_000)
    expect(asked).toBe(before)
    term.abort()
    await clock.advance(60_000)
    await over
  })
})
