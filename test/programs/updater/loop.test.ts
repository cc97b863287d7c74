import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { type EngineKeys, fingerprintOf } from '../../../src/core/domain/engine-key.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { Applied } from '../../../src/programs/updater/effects.ts'
import { createUpdater } from '../../../src/programs/updater/loop.ts'
import { endpoint } from '../../support/endpoint.ts'
import { runningJob as running } from '../../support/job.ts'
import { manualClock } from '../../support/manual-clock.ts'

const second: Endpoint = { ...endpoint, id: 'fast-17-0-0', job: { ...endpoint.job, id: '17', restarts: 0 } }

/** An updater whose world is played by the test; what it did to nginx and to routes/ is written down, in order. */
function updater(before?: { model: GatewayModel; generation: number; keys: EngineKeys }) {
  const clock = manualClock()
  const stopped = new AbortController()
  const did: string[] = []
  const events: string[] = []
  const world = {
    endpoints: [endpoint] as Endpoint[],
    beat: 1,
    scan: undefined as Error | undefined,
    hang: undefined as Promise<void> | undefined,
    jobs: [running, ...['17', '18'].map(id => ({ ...running, id, restarts: 0 }))] as JobView[] | undefined,
    complete: true,
    polls: 0,
    scans: 0,
    plans: 0,
    writeRoutes: undefined as Error | undefined,
    apply: undefined as Extract<Applied, { status: 'failed' }> | undefined,
    connects: true,
    endStreams: { ended: 1 } as { ended: number; trouble?: string },
    released: [] as string[],
    resolved: [] as string[],
    kept: {} as EngineKeys | Error,
    keysRead: 0,
    sent: [] as EngineKeys[],
    /** What clients of empty tiers are told, in the order of the reloads for that alone. */
    told: [] as string[],
    /** Of some jobs those whose old files may go, each time. */
    expired: [] as string[],
    generation: before?.generation ?? 0,
  }
  const served = (model: GatewayModel) => model.tiers.flatMap(tier => tier.servers.map(server => server.id)).join(' ')
  let current = before === undefined ? undefined : served(before.model)
  const loop = createUpdater({
    gatewayName: 'main',
    listen: 8080,
    tiers: [{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 }],
    networks: ['10.0.0.0/24'],
    scanMs: 1_000,
    squeueMs: 15_000,
    beatMs: 5_000,
    leaseMs: 20_000,
    jobWords: {
      tierOfJob: job => (job.id === '99' ? undefined : 'fast'),
      whyItWaits: job => ({ why: job.reason, isStuck: false }),
    },
    registry: {
      scan: async () => {
        world.scans += 1
        await world.hang
        if (world.scan !== undefined) throw world.scan
        const beats = new Map(
          world.endpoints.map(
            one => [`fast-${one.job.id}-${one.job.restarts}`, { version: 1, beat: world.beat, endpoints: {} }] as const,
          ),
        )
        return { endpoints: world.endpoints, beats, problems: [] }
      },
      remove: async id => void did.push(`remove ${id}`),
      removeExpired: async isAlive => {
        world.expired.push(['4242', '17', '5'].filter(id => !isAlive(id)).join(' '))
        return 0
      },
      routes: async () => new Map(),
      keptKey: async fingerprint => {
        world.keysRead += 1
        if (world.kept instanceof Error) throw world.kept
        return world.kept[fingerprint]
      },
      writeRoutes: async (routes, { flush }) => {
        if (world.writeRoutes !== undefined) throw world.writeRoutes
        if (flush) did.push(`routes ${routes.tiers['fast']?.join(' ')}`.trim())
      },
    },
    gateway: {
      running: async () => before,
      apply: async (model, _signal, keys) => {
        world.sent.push(keys)
        if (world.apply !== undefined) {
          did.push('apply failed')
          return world.apply
        }
        if (current === served(model)) {
          const words = model.tiers.map(tier => tier.waiting?.kind ?? '-').join(' ')
          const isNew = words !== world.told.at(-1)
          if (isNew) world.told.push(words)
          return isNew
            ? { status: 'applied', generation: world.generation, reloadMs: 100 }
            : { status: 'unchanged', generation: world.generation }
        }
        current = served(model)
        world.generation += 1
        did.push(`nginx ${current}`.trim())
        return { status: 'applied', generation: world.generation, reloadMs: 100 }
      },
      endStreams: async servers => {
        did.push(`end streams ${servers.map(one => `${one.address}:${one.port}`).join(' ')}`)
        return world.endStreams
      },
    },
    slurm: {
      jobs: async () => {
        world.polls += 1
        return world.jobs === undefined
          ? { message: 'squeue: timeout' }
          : { jobs: world.jobs, complete: world.complete }
      },
      releaseBeginTime: async id => {
        world.released.push(id)
        return 'accepted'
      },
      releaseHold: async () => 'accepted',
      requeuePauseSeconds: async () => 121,
      nodeStates: async () => ['IDLE'],
    },
    network: {
      resolve: async node => {
        world.resolved.push(node)
        return ['10.0.0.12']
      },
      connects: async () => world.connects,
      ownAddresses: () => {
        world.plans += 1
        return ['10.0.0.5']
      },
    },
    record: (event, detail) => void events.push(`${event} ${detail['id'] ?? detail['what'] ?? ''}`.trim()),
    alive: () => {},
    clock,
    random: () => 0.5,
    signal: stopped.signal,
  })
  const over = loop.run()
  const stop = async () => {
    stopped.abort()
    await clock.advance(0)
    await over
  }
  return { clock, did, events, world, stop, loop }
}

describe('the order of routes/ and nginx', () => {
  it('names an id before nginx may reach it, and drops it after nginx no longer can', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(2_500)
    expect(did).toEqual(['nginx', 'routes', 'routes fast-4242-1-0', 'nginx fast-4242-1-0', 'routes fast-4242-1-0'])
    did.length = 0
    world.endpoints = [{ ...endpoint, state: 'draining' }]
    await clock.advance(1_000)
    expect(did).toEqual(['nginx', 'routes'])
    await stop()
  })

  it('adds nothing while routes/ cannot be written, and still withdraws', async () => {
    const { clock, did, world, stop } = updater()
    world.endpoints = [endpoint]
    await clock.advance(3_000)
    did.length = 0
    world.writeRoutes = new Error('EIO')
    world.endpoints = [endpoint, second]
    await clock.advance(3_000)
    expect(did).toEqual([])
    world.endpoints = [{ ...endpoint, state: 'draining' }, second]
    await clock.advance(1_000)
    expect(did).toEqual(['nginx'])
    world.writeRoutes = undefined
    await clock.advance(3_000)
    expect(did.slice(1)).toEqual(['routes fast-17-0-0', 'nginx fast-17-0-0', 'routes fast-17-0-0'])
    await stop()
  })

  it('keeps an id in routes/ while a reload fails, and tries again with growing pauses', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.apply = { status: 'failed', step: 'test', message: 'emerg', restored: true }
    world.endpoints = [{ ...endpoint, state: 'draining' }]
    await clock.advance(8_500)
    expect(did).toEqual(['apply failed', 'apply failed', 'apply failed', 'apply failed'])
    world.apply = undefined
    await clock.advance(9_000)
    expect(did.slice(4)).toEqual(['nginx', 'routes'])
    await stop()
  })
})

describe('what an empty tier answers to clients', () => {
  const queued: JobView = { ...running, state: 'pending', stateText: 'PENDING', reason: 'Resources' }
  const loading = (since: number): Endpoint => ({
    ...endpoint,
    state: 'loading',
    since: new Date(since).toISOString(),
    message: `${since} bytes`,
  })

  it('costs one reload a phase, whatever moves within it', async () => {
    const { clock, did, events, world, stop } = updater()
    world.endpoints = []
    world.jobs = [queued]
    for (let minute = 0; minute < 10; minute += 1) {
      world.jobs = [{ ...queued, startTime: 1_000_000 + minute }]
      await clock.advance(60_000)
    }
    expect(world.told).toEqual(['queued'])
    world.jobs = [running]
    for (let second = 0; second < 60; second += 1) {
      world.endpoints = [loading(1_000_000 + second * 1_000)]
      await clock.advance(1_000)
    }
    expect(world.told).toEqual(['queued', 'loading'])
    world.endpoints = [endpoint]
    await clock.advance(2_000)
    expect(did.filter(isRouting).at(-1)).toBe('routes fast-4242-1-0')
    expect(events.filter(event => /(?:routes|answers) changed/.test(event))).toHaveLength(4)
    await stop()
  })

  it('costs none in a phase of two seconds, and neither holds up who comes nor hides who went', async () => {
    const { clock, did, world, stop } = updater()
    world.jobs = [running]
    await clock.advance(3_000)
    did.length = 0
    world.endpoints = [{ ...endpoint, state: 'draining' }]
    await clock.advance(1_000)
    expect(did).toEqual(['nginx', 'routes'])
    world.endpoints = [loading(1_000_000)]
    await clock.advance(2_000)
    world.endpoints = [endpoint]
    await clock.advance(1_500)
    expect(did.at(-1)).toBe('routes fast-4242-1-0')
    expect(world.told).toEqual([])
    await stop()
  })

  it('is nothing once Slurm has been silent for long', async () => {
    const { clock, world, stop } = updater()
    world.endpoints = []
    world.jobs = []
    await clock.advance(30_000)
    world.jobs = undefined
    await clock.advance(120_000)
    expect(world.told).toEqual(['none', '-'])
    await stop()
  })
})

describe('what is not known', () => {
  it('keeps the last routes while the directory cannot be read', async () => {
    const { clock, did, events, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.scan = new Error('ESTALE')
    await clock.advance(120_000)
    expect(did).toEqual([])
    expect(events.filter(event => event === 'trouble registry')).toHaveLength(1)
    world.scan = undefined
    await clock.advance(3_000)
    expect(did).toEqual([])
    await stop()
  })

  it.each([86_400_000, -86_400_000])('does nothing for a clock that jumps by %s ms', async ms => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    clock.jump(ms)
    for (let second = 0; second < 60; second += 1) {
      world.beat += 1
      await clock.advance(1_000)
    }
    expect(did).toEqual([])
    // And a beat that does stand still is seen as soon as ever.
    world.connects = false
    await clock.advance(30_000)
    expect(did.filter(isRouting)).toEqual(['nginx', 'routes'])
    await stop()
  })

  it('hears Slurm while the directory hangs', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.hang = new Promise(() => {})
    await clock.advance(2_000)
    world.jobs = [{ ...running, preemptTime: 1 }]
    await clock.advance(15_000)
    expect(did).toEqual(['nginx', 'routes'])
    await stop()
  })

  it('does nothing before the first scan that succeeds', async () => {
    const { clock, did, world, stop } = updater()
    world.scan = new Error('ENOENT')
    await clock.advance(10_000)
    expect(did).toEqual([])
    await stop()
  })

  it('withdraws nothing for a squeue that cannot be read, and says so once', async () => {
    const { clock, did, events, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.jobs = []
    world.complete = false
    await clock.advance(120_000)
    expect(did).toEqual([])
    expect(events.filter(event => event === 'trouble squeue')).toHaveLength(1)
    await stop()
  })

  it('withdraws nothing for a squeue that fails, and asks it less and less often', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.jobs = undefined
    const { polls } = world
    await clock.advance(230_000) // 15 s, then 30, 60 and 120 s
    expect(did).toEqual([])
    expect(world.polls - polls).toBe(4)
    await stop()
  })

  it('remembers what nginx reaches across its own restart', async () => {
    const model: GatewayModel = {
      listen: 8080,
      tiers: [
        {
          name: 'fast',
          path: '/',
          readTimeoutSeconds: 600,
          retryAfterSeconds: 10,
          servers: [{ id: 'fast-9-0-0', address: '10.0.0.12', port: 8080 }],
        },
      ],
    }
    const { clock, did, stop } = updater({ model, generation: 4, keys: {} })
    await clock.advance(3_500)
    expect(did).toEqual(['nginx', 'routes', 'routes fast-4242-1-0', 'nginx fast-4242-1-0', 'routes fast-4242-1-0'])
    await stop()
  })
})

describe('Slurm', () => {
  it('is asked once in an interval, whatever the number of jobs', async () => {
    const { clock, world, stop } = updater()
    world.endpoints = [endpoint, second]
    await clock.advance(60_500)
    expect(world.polls).toBe(5)
    await stop()
  })

  it('is asked out of turn about a run that it has not reported, which is not routed before', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    const third: Endpoint = { ...second, id: 'fast-19-0-0', job: { ...second.job, id: '19' } }
    world.endpoints = [endpoint, third]
    world.jobs = [running]
    await clock.advance(1_000)
    expect([world.polls, did]).toEqual([2, []])
    await clock.advance(10_000)
    expect([world.polls, did]).toEqual([2, []]) // its question is answered: the rest is for the interval
    const fourth: Endpoint = { ...second, id: 'fast-20-0-0', job: { ...second.job, id: '20' } }
    world.endpoints = [endpoint, third, fourth]
    world.jobs = [running, { ...running, id: '20', restarts: 0 }]
    await clock.advance(1_000)
    expect(world.polls).toBe(3)
    expect(did).toContain('nginx fast-20-0-0 fast-4242-1-0')
    await stop()
  })

  it('is not asked more than once a second, however many unknown runs appear', async () => {
    const { clock, world, stop, loop } = updater()
    await clock.advance(3_000)
    const { polls } = world
    for (let index = 0; index < 100; index += 1) {
      world.endpoints = [
        endpoint,
        { ...second, id: `fast-${index + 100}-0-0`, job: { ...second.job, id: `${index + 100}` } },
      ]
      loop.wake()
      await clock.advance(100)
    }
    expect(world.polls - polls).toBeLessThanOrEqual(11)
    await stop()
  })

  it('says which nodes the name service is asked about, whatever a full directory names', async () => {
    const { clock, world, stop } = updater()
    world.endpoints = [
      endpoint,
      ...Array.from({ length: 300 }, (_, index): Endpoint => {
        const job = { id: String(500 + index), restarts: 0, name: 'x', node: `no-such-node-${index}` }
        return { ...endpoint, id: `fast-${job.id}-0-0`, job }
      }),
      { ...second, job: { ...second.job, node: 'elsewhere' } },
    ]
    await clock.advance(5_000)
    expect(new Set(world.resolved)).toEqual(new Set(['vasp-02']))
    await stop()
  })

  it('that is silent adds nothing and withdraws nothing', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.jobs = undefined
    world.endpoints = [endpoint, { ...second, id: 'fast-19-0-0', job: { ...second.job, id: '19' } }]
    await clock.advance(60_000)
    expect(did).toEqual([])
    await stop()
  })

  it('takes a preempted job out before its own file says so', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.jobs = [{ ...running, preemptTime: 1 }]
    await clock.advance(15_000)
    expect(did).toEqual(['nginx', 'routes'])
    await stop()
  })

  it('makes a requeued job of ours eligible once, when its old credential lies whole seconds back', async () => {
    const { clock, world, stop } = updater()
    await clock.advance(15_000)
    const held = {
      ...running,
      state: 'pending',
      reason: 'BeginTime',
      restarts: 2,
      submitTime: 0,
      eligibleTime: 121,
    } as const
    world.jobs = [held, { ...held, id: '99' }]
    const { polls } = world
    await clock.advance(16_999)
    expect([world.polls - polls, world.released]).toEqual([1, []])
    await clock.advance(1)
    expect(world.released).toEqual(['4242'])
    await clock.advance(60_000)
    expect(world.released).toEqual(['4242'])
    await stop()
  })

  it('has what is old of jobs that are over removed, once a day and never for want of an answer', async () => {
    const { clock, world, stop } = updater()
    world.jobs = undefined
    await clock.advance(60_000)
    world.jobs = [running, { ...running, id: '17', state: 'ended' }]
    world.complete = false
    await clock.advance(300_000)
    expect(world.expired).toEqual([])
    world.complete = true
    await clock.advance(600_000)
    expect(world.expired).toEqual(['17 5'])
    await stop()
  })

  it('has the files of a job removed an hour after it forgot it', async () => {
    const { clock, did, world, stop } = updater()
    world.jobs = []
    await clock.advance(3_600_000)
    expect(did.some(one => one.startsWith('remove'))).toBe(false)
    await clock.advance(60_000)
    expect(did).toContain('remove fast-4242-1-0')
    await stop()
  })
})

describe('a beat that stands still', () => {
  it('withdraws an endpoint only when its port does not connect', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    await clock.advance(30_000)
    expect(did).toEqual([]) // a suspect that takes connections stays
    world.connects = false
    await clock.advance(12_000)
    expect(did.filter(isRouting)).toEqual(['nginx', 'routes'])
    world.beat = 2
    await clock.advance(6_000)
    expect(did.filter(isRouting).slice(2, 4)).toEqual(['routes fast-4242-1-0', 'nginx fast-4242-1-0'])
    await stop()
  })
})

function isRouting(done: string): boolean {
  return !done.startsWith('end streams')
}

describe('the streams of an endpoint that died', () => {
  const ends = ['end streams 10.0.0.12:8080']

  it('are ended once, after its withdrawal, and again when it has come back and died', async () => {
    const { clock, did, events, world, stop } = updater()
    await clock.advance(3_000)
    world.connects = false
    did.length = 0
    await clock.advance(60_000)
    expect(did).toEqual(['nginx', 'routes', ...ends])
    expect(events).toContain('streams ended')
    world.beat += 1
    await clock.advance(6_000)
    await clock.advance(60_000)
    expect(did.filter(one => !isRouting(one))).toEqual([...ends, ...ends])
    await stop()
  })

  it('that cannot be ended are reported, once, and nothing else changes', async () => {
    const { clock, did, events, world, stop } = updater()
    await clock.advance(3_000)
    world.endStreams = { ended: 0, trouble: 'pidfd_getfd needs Linux 5.6' }
    world.connects = false
    await clock.advance(60_000)
    expect(did.filter(isRouting).slice(-2)).toEqual(['nginx', 'routes'])
    expect(events.filter(one => one === 'trouble streams')).toHaveLength(1)
    await stop()
  })

  it('are ended where the next run of its job, on another node, has removed its file', async () => {
    const { clock, did, world, stop } = updater()
    const ended = () => did.filter(one => !isRouting(one))
    await clock.advance(3_000)
    world.endpoints = []
    await clock.advance(30_000)
    expect(ended()).toEqual([]) // its port connects
    world.endpoints = [endpoint]
    world.beat += 1
    await clock.advance(6_000)
    world.connects = false
    const next = { ...endpoint, id: 'fast-4242-2-0', job: { ...endpoint.job, restarts: 2 } }
    world.endpoints = [{ ...next, url: 'http://10.0.0.13:8080' }]
    await clock.advance(60_000)
    expect(ended()).toEqual(ends)
    await stop()
  })

  it('are left alone where its address is that of another by now', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    world.connects = false
    world.endpoints = [{ ...endpoint, id: 'fast-17-0-0', job: { ...endpoint.job, id: '17', restarts: 0 } }]
    for (let beat = 0; beat < 12; beat += 1) {
      world.beat += 1
      await clock.advance(5_000)
    }
    expect(did.filter(one => !isRouting(one))).toEqual([])
    await stop()
  })

  it('are ended where it was draining, too, and where Slurm has withdrawn it', async () => {
    for (const change of [
      (world: ReturnType<typeof updater>['world']) => {
        world.endpoints = [{ ...endpoint, state: 'draining' }]
      },
      (world: ReturnType<typeof updater>['world']) => {
        world.jobs = []
      },
    ]) {
      const { clock, did, world, stop } = updater()
      await clock.advance(3_000)
      change(world)
      await clock.advance(40_000)
      expect(did.filter(one => !isRouting(one))).toEqual([]) // its port connects: it may be finishing them
      world.connects = false
      await clock.advance(12_000)
      expect(did.filter(one => !isRouting(one))).toEqual(ends)
      await stop()
    }
  })

  it('are left alone where its address is another endpoint’s by now', async () => {
    const { clock, did, world, stop } = updater()
    await clock.advance(3_000)
    world.endpoints = [endpoint, { ...second, url: endpoint.url, state: 'loading' }]
    world.connects = false
    await clock.advance(60_000)
    expect(did.filter(one => !isRouting(one))).toEqual([])
    await stop()
  })
})

it('spaces additions a second apart, and wakes for them without waiting for a scan', async () => {
  const { clock, did, world, stop, loop } = updater()
  await clock.advance(3_100)
  did.length = 0
  world.endpoints = [endpoint, second]
  loop.wake()
  await clock.advance(0)
  const both = 'fast-17-0-0 fast-4242-1-0'
  expect(did).toEqual([`routes ${both}`, `nginx ${both}`, `routes ${both}`])
  const third = { ...endpoint, id: 'fast-18-0-0', job: { ...endpoint.job, id: '18', restarts: 0 } }
  world.jobs = undefined
  world.endpoints = [endpoint, second, third]
  loop.wake()
  await clock.advance(900)
  expect(did.slice(3)).toEqual([])
  await clock.advance(100)
  expect(did[4]).toBe('nginx fast-17-0-0 fast-18-0-0 fast-4242-1-0')
  await stop()
})

it('plans when there is something new, and not with each scan', async () => {
  const { clock, did, world, stop } = updater()
  await clock.advance(3_500)
  did.length = 0
  const before = { plans: world.plans, scans: world.scans }
  for (let second = 0; second < 30; second += 1) {
    world.beat += 1
    await clock.advance(1_000)
  }
  expect(world.scans - before.scans).toBeGreaterThanOrEqual(30)
  expect(world.plans - before.plans).toBeLessThanOrEqual(6 + 2) // beats are read six times, and Slurm is asked twice
  world.endpoints = [{ ...endpoint, state: 'draining' }]
  await clock.advance(1_000)
  expect(did).toEqual(['nginx', 'routes'])
  await stop()
})

it('asks now and then whether nginx still runs what it should', async () => {
  const { clock, did, world, stop } = updater()
  await clock.advance(3_000)
  did.length = 0
  world.apply = { status: 'failed', step: 'load', message: 'nginx is gone', restored: false }
  await clock.advance(5_000)
  expect(did[0]).toBe('apply failed')
  await stop()
})

describe('the keys that engines ask for', () => {
  const [key, other] = ['k'.repeat(32), 'o'.repeat(32)]
  const keyed: Endpoint = { ...endpoint, key: fingerprintOf(key) }

  it('are read once each, and given to nginx with the model that needs them', async () => {
    const { clock, did, world, stop } = updater()
    world.endpoints = [keyed]
    world.kept = { [fingerprintOf(key)]: key, [fingerprintOf(other)]: other }
    await clock.advance(10_000)
    expect(did.at(-2)).toBe('nginx fast-4242-1-0')
    expect(world.sent.at(-1)).toEqual({ [fingerprintOf(key)]: key })
    expect(world.keysRead).toBe(1)
    world.endpoints = [keyed, { ...second, key: fingerprintOf(other) }]
    await clock.advance(3_000)
    expect(world.sent.at(-1)).toEqual({ [fingerprintOf(key)]: key, [fingerprintOf(other)]: other })
    expect(world.keysRead).toBe(2)
    await stop()
  })

  it('that cannot be read keep an engine out and change nothing else, which is said once', async () => {
    const { clock, did, events, world, stop } = updater()
    await clock.advance(3_000)
    did.length = 0
    world.endpoints = [endpoint, { ...second, key: fingerprintOf(other) }]
    world.kept = new Error('EIO')
    await clock.advance(10_000)
    expect(did).toEqual([])
    expect(events.filter(event => event === 'trouble keys')).toHaveLength(1)
    world.kept = { [fingerprintOf(other)]: other }
    await clock.advance(3_000)
    expect(did).toContain('nginx fast-17-0-0 fast-4242-1-0')
    expect(events).toContain('recovered keys')
    await stop()
  })

  it('are those that nginx has, where the registry does not give them', async () => {
    const server = { id: endpoint.id, address: '10.0.0.12', port: 8080, key: fingerprintOf(key) }
    const tier = { name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10, servers: [server] }
    const keys = { [fingerprintOf(key)]: key }
    const { clock, did, world, stop } = updater({ model: { listen: 8080, tiers: [tier] }, generation: 4, keys })
    world.endpoints = [keyed]
    world.kept = new Error('EIO')
    await clock.advance(10_000)
    expect(did).not.toContain('nginx')
    expect(world.sent.at(-1)).toEqual(keys)
    await stop()
  })
})
