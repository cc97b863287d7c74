import { describe, expect, it } from 'vitest'
import type { EngineHealth } from '../../../src/core/engines/engine.ts'
import type { Looked } from '../../../src/programs/supervisor/drain.ts'
import {
  type EndpointAction,
  type EndpointEvent,
  type EndpointMachineState,
  NEW_ENDPOINT,
} from '../../../src/programs/supervisor/endpoint-state.ts'
import {
  newReplica,
  type ReplicaAction,
  type ReplicaEvent,
  type ReplicaLimits,
  type ReplicaState,
  step,
} from '../../../src/programs/supervisor/machine.ts'

const limits: ReplicaLimits = { loadTimeoutMs: 60_000, killWaitMs: 30_000 }
const ready = { kind: 'health', health: { kind: 'ready', models: ['m'] } } as const
const preempted = { kind: 'leave', cause: 'preempted', secondsLeft: 20, requeue: true } as const
const idleLook = { kind: 'looked', looked: { cleared: true, connections: 0 } } as const

const ALONE = newReplica(1)
/** An event of an endpoint is the first one's. */
type Told =
  | Exclude<ReplicaEvent, { kind: 'endpoint' }>
  | Extract<EndpointEvent, { kind: 'health' | 'exited' | 'looked' | 'stopped' }>
  | Extract<ReplicaEvent, { kind: 'endpoint' }>
type Asked = Exclude<ReplicaAction, { kind: 'endpoint' }> | EndpointAction

/** Plays events at their times and returns the last state and everything that was asked for, in order. */
function play(events: readonly (readonly [number, Told])[], from: ReplicaState = ALONE) {
  let state = from
  const asked: ReplicaAction[] = []
  for (const [now, event] of events) {
    const [next, more] = step(state, toReplica(event), now, limits)
    state = next
    asked.push(...more)
  }
  const actions = asked.map((one): Asked => (one.kind === 'endpoint' ? one.action : one))
  return {
    state,
    first: state.endpoints[0] ?? NEW_ENDPOINT,
    actions,
    did: actions.filter(one => one.kind !== 'record').map(short),
    /** With the number of the endpoint. */
    didEach: asked
      .flatMap(one => (one.kind !== 'endpoint' ? [short(one)] : [`${one.index} ${short(one.action)}`]))
      .filter(one => !one.endsWith('record')),
  }
}

function toReplica(event: Told): ReplicaEvent {
  switch (event.kind) {
    case 'health':
    case 'exited':
    case 'looked':
    case 'stopped':
      return { kind: 'endpoint', index: 0, event }
    default:
      return event
  }
}

function short(action: Asked): string {
  if (action.kind === 'publish') return `publish ${action.state}${action.unwell === true ? ', unwell' : ''}`
  if (action.kind === 'leave') return `leave by ${action.how}`
  return action.kind
}

/** The served replica with something else about its endpoint. */
function servedWith(change: Partial<EndpointMachineState>): ReplicaState {
  return { ...served, endpoints: served.endpoints.map(one => ({ ...one, ...change })) }
}

const served = play([
  [0, { kind: 'start' }],
  [500, ready],
]).state

describe('coming up', () => {
  it('listens, starts the engine, and publishes ready only when the engine answers', () => {
    expect(play([[0, { kind: 'start' }]]).did).toEqual(['listen', 'start engine', 'publish loading'])
    expect(play([[500, ready]], play([[0, { kind: 'start' }]]).state).actions[0]).toEqual({
      kind: 'publish',
      state: 'ready',
      models: ['m'],
      message: null,
    })
  })

  it('has a router load what must be preloaded', () => {
    const loading = { kind: 'health', health: { kind: 'loading', message: 'Loading m', load: ['m'] } } as const
    expect(
      play([
        [0, { kind: 'start' }],
        [100, loading],
      ]).actions.at(-1),
    ).toEqual({ kind: 'load models', models: ['m'] })
  })

  it('reports how far the copy of its model is, and begins to count when it has come', () => {
    const copying = (message: string) => ({ kind: 'health', health: { kind: 'copying', message } }) as const
    const copied = play([
      [0, { kind: 'start' }],
      [59_000, copying('1 %')],
      [59_200, copying('1 %')],
      [110_000, copying('2 %')],
      [150_000, { kind: 'tick' }],
    ])
    const messages = copied.actions.flatMap(one => (one.kind === 'publish' ? [`${one.state}: ${one.message}`] : []))
    expect(messages).toEqual(['loading: Waiting for the engine to answer', 'loading: 1 %', 'loading: 2 %'])
    expect(copied.first).toMatchObject({ phase: 'loading', dueAt: 170_000 })
    expect(play([[170_000, { kind: 'tick' }]], copied.state).did).toEqual(['publish loading', 'stop engine'])
  })

  it('counts an engine that does not load in time as one that exited', () => {
    const late = play([
      [0, { kind: 'start' }],
      [60_000, { kind: 'tick' }],
    ])
    expect(late.did.slice(-2)).toEqual(['publish loading', 'stop engine'])
    expect(late.first.exits).toEqual([60_000])
  })

  it('fails at once where the node cannot run the replica, and gives the node back', () => {
    const failed = play([[0, { kind: 'unfit', message: 'no model' }]])
    expect(failed.did).toEqual(['publish failed', 'leave by cancel'])
    expect(play([[60_000, { kind: 'tick' }]], failed.state).did).toEqual([]) // until Slurm has taken the job
  })
})

describe('an engine that exits unasked', () => {
  it('is withdrawn before anything else, cleaned up, and started again after 1, 2, 4, 8 and 16 s', () => {
    let { state } = play([
      [0, { kind: 'start' }],
      [1, ready],
    ])
    let now = 1_000
    const rests: number[] = []
    for (let n = 0; n < 5; n += 1) {
      const exit = play([[now, { kind: 'exited', message: 'code 1' }]], state)
      expect(exit.did).toEqual(['publish loading', 'stop engine'])
      const stopped = play([[now, { kind: 'stopped' }]], exit.state)
      expect(stopped.first.phase).toBe('resting')
      rests.push(stopped.first.dueAt - now)
      expect(play([[stopped.first.dueAt - 1, { kind: 'tick' }]], stopped.state).did).toEqual([])
      now = stopped.first.dueAt
      const again = play([[now, { kind: 'tick' }]], stopped.state)
      expect(again.did).toEqual(['start engine', 'publish loading'])
      state = play([[now, ready]], again.state).state
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  })

  it('fails with its last words when five starts in ten minutes did not help, and gives the node back', () => {
    const exits = [1, 2, 3, 4, 5].map(n => n * 100_000)
    const sixth = play([[600_000, { kind: 'exited', message: 'out of memory' }]], servedWith({ exits }))
    expect(sixth.actions[0]).toEqual({ kind: 'publish', state: 'failed', models: [], message: 'out of memory' })
    expect(play([[600_100, { kind: 'stopped' }]], sixth.state).did).toEqual(['leave by cancel'])
  })

  it('forgets exits that are older than ten minutes', () => {
    const before = servedWith({ exits: [0, 1, 2, 3, 4], streak: 5 })
    const exit = play([[600_004, { kind: 'exited', message: 'x' }]], before)
    expect(exit.first).toMatchObject({ exits: [600_004], streak: 1, dueAt: 601_004, afterStop: 'rest' })
  })

  it('never rests longer than a minute', () => {
    const before = servedWith({ exits: [900_000], streak: 9 })
    expect(play([[1_000_000, { kind: 'exited', message: 'x' }]], before).first.dueAt).toBe(1_060_000)
  })
})

const MODEL_FAILED = { kind: 'failed', message: 'm', reload: ['m'] } as const
const LOADING = { kind: 'loading', message: 'm', load: [] } as const
const ERRING = { kind: 'erring', message: 'HTTP 500' } as const
const REFUSED = { kind: 'refused', message: 'ECONNREFUSED' } as const
const WELL = { kind: 'ready', models: ['m'] } as const

/** Each a second after the one before. */
function hear(answers: readonly EngineHealth[], from: ReplicaState = served, startsAt = 1_000) {
  const events = answers.map((health, n) => [startsAt + 1_000 * n, { kind: 'health', health }] as const)
  return play(events, from)
}

describe('health while it serves', () => {
  it.each<[string, EngineHealth[], string[]]>([
    [
      'what breaks one of its processes ends it',
      [{ kind: 'broken', message: 'm' }],
      ['publish loading', 'stop engine'],
    ],
    ['one bad answer is forgiven', [ERRING], []],
    ['two in a row are, of whatever kind', [ERRING, REFUSED], []],
    ['three make it unwell and end nothing', [ERRING, ERRING, ERRING, ERRING, ERRING], ['publish ready, unwell']],
    ['also where nobody listens', [REFUSED, REFUSED, REFUSED, REFUSED], ['publish ready, unwell']],
    [
      'also where it does not know its model',
      [
        { kind: 'failed', message: 'm', reload: [] },
        { kind: 'failed', message: 'm', reload: [] },
        { kind: 'failed', message: 'm', reload: [] },
      ],
      ['publish ready, unwell'],
    ],
    [
      'a model whose process died is loaded again, and does not disturb the others',
      [MODEL_FAILED, LOADING, WELL, MODEL_FAILED],
      ['load models', 'load models'],
    ],
    [
      'one that fails again and again makes it unwell',
      [MODEL_FAILED, LOADING, MODEL_FAILED, LOADING, MODEL_FAILED],
      ['load models', 'load models', 'publish ready, unwell'],
    ],
    ['silence is load, not death', Array<EngineHealth>(30).fill({ kind: 'silent' }), []],
    ['503 is load, not death', Array<EngineHealth>(30).fill({ kind: 'busy', message: 'HTTP 503: ' }), []],
    ['a good answer between them starts the count anew', [ERRING, ERRING, WELL, ERRING, ERRING], []],
    ['a good answer makes it well at once', [ERRING, ERRING, ERRING, WELL], ['publish ready, unwell', 'publish ready']],
  ])('%s', (_, answers, did) => {
    expect(hear(answers).did).toEqual(did)
  })
})

describe('an unwell engine', () => {
  const unwell = hear([ERRING, ERRING, ERRING]).state // since 3 000
  const looks = (looked: Looked, ...at: number[]) => at.map(now => [now, { kind: 'looked', looked }] as const)
  const idle = { cleared: true, connections: 0 }

  it('is restarted when no request needs it and it has not become well by itself', () => {
    expect(play(looks(idle, 4_000, 10_000, 32_900), unwell).did).toEqual([])
    const restarted = play(looks(idle, 4_000, 33_000), unwell)
    expect(restarted.did).toEqual(['publish loading', 'stop engine'])
    expect(restarted.first).toMatchObject({ phase: 'stopping', afterStop: 'rest', unwell: undefined })
  })

  it.each<[string, Looked]>([
    ['a request under way', { cleared: true, connections: 1 }],
    ['connections that cannot be counted', { cleared: true, connections: undefined }],
    ['routes that cannot be read', { cleared: undefined, connections: 0 }],
    ['a gateway that has no other', { cleared: false, connections: 1 }],
  ])('is not restarted under %s, however long', (_, looked) => {
    expect(play(looks(looked, 4_000, 60_000, 600_000, 600_900, 700_000), unwell).did).toEqual([])
  })

  it('goes as the last of its tier when no request has come for a while, and only once it is withdrawn', () => {
    const alone = { cleared: false, connections: 0 }
    expect(play(looks(alone, 4_000, 60_000, 122_900), unwell).did).toEqual([])
    const leaving = play(looks(alone, 4_000, 123_000, 124_000), unwell)
    expect(leaving.did).toEqual(['publish draining'])
    expect(play(looks(idle, 125_000, 126_000), leaving.state).did).toEqual(['publish loading', 'stop engine'])
    expect(hear([WELL], leaving.state, 125_000).did).toEqual(['publish ready'])
  })

  it('goes as the last of its tier only after ten seconds without a client', () => {
    const alone = { cleared: false, connections: 0 }
    const busy = { ...alone, connections: 1 }
    const watched = play([...looks(alone, 4_000), ...looks(busy, 123_000), ...looks(alone, 124_000, 133_900)], unwell)
    expect(watched.did).toEqual([])
    expect(play(looks(alone, 134_000), watched.state).did).toEqual(['publish draining'])
  })

  it('is restarted only after a second in which no request could come', () => {
    const looking = play([...looks({ cleared: true, connections: 1 }, 40_000), ...looks(idle, 41_000, 41_900)], unwell)
    expect(looking.did).toEqual([])
    expect(play(looks(idle, 42_000), looking.state).did).toEqual(['publish loading', 'stop engine'])
  })

  it('is restarted after a minute of quiet where only a dead gateway still names it', () => {
    const held = { cleared: false, connections: 0, heldBy: [{ gateway: 'old' }] }
    const leaving = play(looks(held, 4_000, 123_000), unwell)
    expect(leaving.did).toEqual(['publish draining'])
    const living = { ...held, isHeldByLiving: true }
    expect(play(looks(living, 124_000, 183_000, 900_000), leaving.state).did).toEqual([])
    const unread = { ...held, cleared: undefined }
    expect(play(looks(unread, 124_000, 183_000, 900_000), leaving.state).did).toEqual([])
    expect(play(looks(held, 124_000, 183_000, 183_900), leaving.state).did).toEqual([])
    expect(play(looks(held, 124_000, 183_000, 184_000), leaving.state).did).toEqual(['publish loading', 'stop engine'])
  })

  it('is restarted at once where nothing listens and no client is connected: no request can come', () => {
    const deaf = hear([REFUSED, REFUSED, REFUSED]).state
    const busy = { cleared: false, connections: 1 }
    expect(play(looks(busy, 4_000, 5_000, 60_000), deaf).did).toEqual([])
    expect(play(looks({ ...busy, connections: 0 }, 4_000, 5_000), deaf).did).toEqual(['publish loading', 'stop engine'])
  })

  it('does not cost the job its node, however often it is restarted', () => {
    const often = servedWith({ exits: [1, 2, 3, 4, 5] })
    const restarted = play(looks(idle, 4_000, 33_000), hear([ERRING, ERRING, ERRING], often).state)
    expect(restarted.first.afterStop).toBe('rest')
  })

  it('drains as any other', () => {
    const noticed = play([[9_000, { kind: 'verdict', verdict: preempted, heardAt: 9_000 }]], unwell)
    expect(noticed.did).toEqual(['publish draining'])
    expect(play([...looks(idle, 9_100, 10_100)], noticed.state).did).toEqual(['stop engine'])
  })
})

describe('a preemption', () => {
  const noticed = play([[1_000, { kind: 'verdict', verdict: preempted, heardAt: 1_000 }]], served)

  it('asks Slurm why the notice step ended', () => {
    expect(play([[1_000, { kind: 'notice step ended' }]], served).did).toEqual(['ask slurm'])
  })

  it('writes draining and touches nothing else', () => {
    expect(noticed.did).toEqual(['publish draining'])
    expect(noticed.first.drain?.deadlineAt).toBe(1_000 + 20_000 - 5_000)
  })

  it('stops the engine when nothing reached it for a second, then withdraws, then requeues, in this order', () => {
    const idle = play(
      [
        [2_000, idleLook],
        [2_900, idleLook],
      ],
      noticed.state,
    )
    expect(idle.did).toEqual([])
    const drained = play([[3_000, idleLook]], idle.state)
    expect(drained.did).toEqual(['stop engine'])
    expect(play([[3_100, { kind: 'stopped' }]], drained.state).did).toEqual(['withdraw', 'leave by requeue'])
  })

  it.each([
    ['a request under way', { cleared: true, connections: 1 }],
    ['a gateway that still names it', { cleared: false, connections: 0 }],
    ['routes that cannot be read', { cleared: undefined, connections: 0 }],
    ['connections that cannot be counted', { cleared: true, connections: undefined }],
  ])('keeps the engine for %s, and begins the second anew', (_, busy) => {
    const looks: [number, Told][] = [
      [2_000, idleLook],
      [2_500, { kind: 'looked', looked: busy }],
      [3_100, idleLook],
      [4_000, idleLook],
    ]
    expect(play(looks, noticed.state).did).toEqual([])
    expect(play([...looks, [4_100, idleLook]], noticed.state).did).toEqual(['stop engine'])
  })

  it('stops at the deadline though clients are connected, also when no look comes any more', () => {
    const busy = { kind: 'looked', looked: { cleared: false, connections: 3 } } as const
    expect(
      play(
        [
          [15_999, busy],
          [15_999, { kind: 'tick' }],
        ],
        noticed.state,
      ).did,
    ).toEqual([])
    expect(play([[16_000, { kind: 'tick' }]], noticed.state).did).toEqual(['stop engine'])
    expect(play([[16_000, busy]], noticed.state).did).toEqual(['stop engine'])
  })

  it('ends on the TERM that follows its requeue', () => {
    const leaving = play(
      [
        [2_000, idleLook],
        [3_000, idleLook],
        [3_100, { kind: 'stopped' }],
        [3_200, { kind: 'left' }],
      ],
      noticed.state,
    )
    expect(play([[3_300, { kind: 'term' }]], leaving.state).did).toEqual(['end'])
  })

  describe('whose TERM comes before Slurm has answered', () => {
    const gotTerm = play(
      [
        [2_000, idleLook],
        [3_000, idleLook],
        [3_100, { kind: 'stopped' }],
        [3_300, { kind: 'term' }],
      ],
      noticed.state,
    )

    it.each(['taken', 'left'] as const)('ends when it hears that it has %s', kind => {
      expect(gotTerm.did.at(-1)).toBe('leave by requeue')
      expect(play([[9_000, { kind }]], gotTerm.state).did).toEqual(['end'])
    })

    it('ends well within KillWait all the same, and says that there was no answer', () => {
      expect(play([[23_299, { kind: 'tick' }]], gotTerm.state).did).toEqual([])
      expect(play([[23_300, { kind: 'tick' }]], gotTerm.state).actions).toEqual([
        {
          kind: 'record',
          event: 'cannot',
          detail: { what: 'requeue', error: 'No answer from Slurm until the end of the job' },
        },
        { kind: 'end' },
      ])
    })
  })

  it('ends on the TERM that follows what Slurm has taken, though it does not show it yet', () => {
    const taken = play(
      [
        [2_000, idleLook],
        [3_000, idleLook],
        [3_100, { kind: 'stopped' }],
        [3_200, { kind: 'taken' }],
      ],
      noticed.state,
    )
    expect(play([[600_000, { kind: 'tick' }]], taken.state).did).toEqual([])
    expect(play([[3_300, { kind: 'term' }]], taken.state).did).toEqual(['end'])
  })

  it('ends by itself when no TERM comes within KillWait', () => {
    const leaving = play(
      [
        [2_000, idleLook],
        [3_000, idleLook],
        [3_100, { kind: 'stopped' }],
        [3_200, { kind: 'left' }],
      ],
      noticed.state,
    )
    expect(play([[33_199, { kind: 'tick' }]], leaving.state).did).toEqual([])
    expect(play([[33_200, { kind: 'tick' }]], leaving.state).did).toEqual(['end'])
  })

  it('stops at once an engine that does not serve yet', () => {
    const loading = play([[0, { kind: 'start' }]]).state
    const told = play([[100, { kind: 'verdict', verdict: preempted, heardAt: 100 }]], loading)
    expect(told.did).toEqual(['publish draining', 'stop engine'])
    expect(play([[200, { kind: 'stopped' }]], told.state).did).toEqual(['withdraw', 'leave by requeue'])
  })

  it('leaves also when the engine dies while draining', () => {
    const died = play([[2_000, { kind: 'exited', message: 'Killed by SIGKILL' }]], noticed.state)
    expect(died.did).toEqual(['stop engine'])
    expect(play([[2_100, { kind: 'stopped' }]], died.state).did).toEqual(['withdraw', 'leave by requeue'])
  })
})

describe('a TERM of Slurm to the batch process', () => {
  it('drains for KillWait less five seconds and neither requeues nor cancels', () => {
    const gotTerm = play([[1_000, { kind: 'term' }]], served)
    expect(gotTerm.did).toEqual(['publish draining', 'ask slurm'])
    expect(gotTerm.first.drain).toMatchObject({ deadlineAt: 26_000, requeue: false })
    const drained = play(
      [
        [2_000, idleLook],
        [3_000, idleLook],
      ],
      gotTerm.state,
    )
    expect(play([[3_100, { kind: 'stopped' }]], drained.state).did).toEqual(['withdraw', 'end'])
  })

  it('shortens a drain that has longer, and takes away its requeue: Slurm has acted itself', () => {
    const noticed = play(
      [[1_000, { kind: 'verdict', verdict: { ...preempted, secondsLeft: 300 }, heardAt: 1_000 }]],
      served,
    )
    const gotTerm = play([[2_000, { kind: 'term' }]], noticed.state)
    expect(gotTerm.first.drain).toMatchObject({ cause: 'preempted', deadlineAt: 27_000, requeue: false })
  })

  it('is final: an answer of before it does not bring the replica back', () => {
    const gotTerm = play(
      [
        [1_000, { kind: 'term' }],
        [1_100, { kind: 'verdict', verdict: { kind: 'stay' }, heardAt: 1_050 }],
      ],
      served,
    )
    expect(gotTerm.first.phase).toBe('draining')
    const told = play([[1_200, { kind: 'verdict', verdict: preempted, heardAt: 1_200 }]], gotTerm.state)
    expect(told.first.drain?.requeue).toBe(false)
  })

  it('ends at once before anything was started', () => {
    expect(play([[0, { kind: 'term' }]]).did).toEqual(['end'])
  })
})

describe('a notice step that ended while Slurm does not say why', () => {
  const unknown = play([[1_000, { kind: 'verdict', verdict: { kind: 'unknown' }, heardAt: 1_000 }]], served)

  it('drains, stays, asks again every two seconds', () => {
    expect(unknown.did).toEqual(['publish draining'])
    const idle = play(
      [
        [2_000, idleLook],
        [5_000, idleLook],
      ],
      unknown.state,
    )
    expect(idle.did).toEqual([])
    expect(play([[2_999, { kind: 'tick' }]], unknown.state).did).toEqual([])
    expect(play([[3_000, { kind: 'tick' }]], unknown.state).did).toEqual(['ask slurm'])
  })

  it('serves again after a false alarm, with a new notice step', () => {
    const back = play([[3_100, { kind: 'verdict', verdict: { kind: 'stay' }, heardAt: 3_000 }]], unknown.state)
    expect(back.did).toEqual(['publish ready', 'listen'])
    expect(back.first).toMatchObject({ phase: 'ready', drain: undefined })
  })

  it('takes the deadline from the moment of the notice', () => {
    const known = play([[3_100, { kind: 'verdict', verdict: preempted, heardAt: 3_000 }]], unknown.state)
    expect(known.first.drain).toMatchObject({ cause: 'preempted', deadlineAt: 18_000, requeue: true })
  })

  it('does not disturb an engine that is still loading', () => {
    const loading = play([[0, { kind: 'start' }]]).state
    const asked = play([[100, { kind: 'verdict', verdict: { kind: 'unknown' }, heardAt: 100 }]], loading)
    expect(asked.did).toEqual([])
    expect(play([[2_100, { kind: 'tick' }]], asked.state).did).toEqual(['ask slurm'])
  })
})

describe("an operator's notice", () => {
  const notice = (requeue: boolean, withinSeconds?: number) =>
    ({ kind: 'drain requested', request: { requeue, withinSeconds } }) as const
  const goes = [
    [60_000, idleLook],
    [61_000, idleLook],
    [61_100, { kind: 'stopped' }],
  ] as const

  it.each([
    [false, 'leave by cancel'],
    [true, 'leave by requeue'],
  ])('drains without a deadline, and with requeue %s leaves in the end: %s', (requeue, act) => {
    const noticed = play([[1_000, notice(requeue)]], served)
    expect(noticed.did).toEqual(['publish draining'])
    expect(noticed.first.drain).toMatchObject({ cause: 'operator', deadlineAt: undefined })
    expect(play([[9_999_000, { kind: 'tick' }]], noticed.state).did).toEqual([])
    expect(play(goes, noticed.state).did).toEqual(['stop engine', 'withdraw', act])
  })

  const heldBy = [{ gateway: 'old' }]
  it.each<[string, Looked, number | undefined]>([
    ['a gateway that is dead', { cleared: false, connections: 0, heldBy }, 62_000],
    ['a file that says nothing', { cleared: false, connections: 0, heldBy: [{ gateway: 'a', problem: 'x' }] }, 62_000],
    ['a directory that cannot be read', { cleared: undefined, connections: 0 }, 62_000],
    ['a gateway that lives', { cleared: false, connections: 0, heldBy, isHeldByLiving: true }, undefined],
    ['an answer under way', { cleared: false, connections: 1, heldBy }, undefined],
    ['connections that cannot be counted', { cleared: false, connections: undefined, heldBy }, undefined],
    ['an answer under way, and no file', { cleared: undefined, connections: 2 }, undefined],
  ])('waits for %s no longer than it must', (_, looked, until) => {
    let { state } = play([[1_000, notice(false)]], served)
    let stoppedAt: number | undefined
    for (let now = 2_000; now < 900_000 && stoppedAt === undefined; now += 1_000) {
      const looking = play([[now, { kind: 'looked', looked }]], state)
      state = looking.state
      if (looking.did.includes('stop engine')) stoppedAt = now
    }
    expect(stoppedAt).toBe(until)
  })

  it('is not ended by that minute without a look that finds no client', () => {
    const held = { kind: 'looked', looked: { cleared: false, connections: 0, heldBy } } as const
    expect(
      play(
        [
          [1_000, notice(false)],
          [2_000, held],
          [900_000, { kind: 'tick' }],
        ],
        served,
      ).did,
    ).toEqual(['publish draining'])
  })

  it('begins that minute anew with each connection, and does not wait for it where the routes are silent', () => {
    const held = { cleared: false, connections: 0, heldBy }
    const looks = (looked: Looked, ...at: number[]) => at.map(now => [now, { kind: 'looked', looked }] as const)
    const noticed = play([[1_000, notice(false)]], served)
    const again = play(
      [...looks(held, 2_000), ...looks({ ...held, connections: 1 }, 61_000), ...looks(held, 61_200, 121_100)],
      noticed.state,
    )
    expect(again.did).toEqual([])
    expect(play(looks(held, 121_200), again.state).did).toEqual(['stop engine'])
    expect(
      play(
        [
          [10_000, idleLook],
          [11_000, idleLook],
        ],
        noticed.state,
      ).did,
    ).toEqual(['stop engine'])
  })

  it('never cuts by that minute what Slurm gives longer, or has not explained', () => {
    const held = { kind: 'looked', looked: { cleared: false, connections: 0, heldBy } } as const
    const long = [1_000, { kind: 'verdict', verdict: { ...preempted, secondsLeft: 300 }, heardAt: 1_000 }] as const
    const unexplained = [1_000, { kind: 'verdict', verdict: { kind: 'unknown' }, heardAt: 1_000 }] as const
    for (const first of [long, unexplained]) {
      expect(play([first, [2_000, held], [200_000, held]], served).did).toEqual(['publish draining'])
    }
  })

  it('cuts what has not ended within the time that the operator gives, at once or later', () => {
    const noticed = play([[1_000, notice(false, 20)]], served)
    expect(play([[20_900, { kind: 'tick' }]], noticed.state).did).toEqual([])
    expect(play([[21_000, { kind: 'tick' }]], noticed.state).did).toEqual(['stop engine'])
    const hurried = play(
      [
        [1_000, notice(false)],
        [5_000, notice(false, 0)],
        [5_200, { kind: 'tick' }],
      ],
      served,
    )
    expect(hurried.did).toEqual(['publish draining', 'stop engine'])
  })

  it('outlives a false alarm, with a new notice step', () => {
    const alarmed = play(
      [
        [1_000, notice(false)],
        [2_000, { kind: 'notice step ended' }],
        [2_100, { kind: 'verdict', verdict: { kind: 'stay' }, heardAt: 2_000 }],
      ],
      served,
    )
    expect(alarmed.did).toEqual(['publish draining', 'ask slurm', 'listen'])
    expect(alarmed.first.phase).toBe('draining')
  })

  it('is what counts in the end when Slurm preempts meanwhile, whose deadline holds', () => {
    const both = play(
      [
        [1_000, notice(false)],
        [2_000, { kind: 'verdict', verdict: preempted, heardAt: 2_000 }],
      ],
      served,
    )
    expect(both.first.drain).toMatchObject({ cause: 'preempted', deadlineAt: 17_000, requeue: false })
    expect(play(goes, both.state).did).toEqual(['stop engine', 'withdraw', 'leave by cancel'])
    const late = play(
      [
        [1_000, { kind: 'verdict', verdict: preempted, heardAt: 1_000 }],
        [2_000, idleLook],
        [3_000, idleLook],
        [3_050, notice(false)],
        [3_100, { kind: 'stopped' }],
      ],
      served,
    )
    expect(late.did.at(-1)).toBe('leave by cancel')
  })

  it.each([
    ['loading', [[0, { kind: 'start' }]]],
    [
      'resting',
      [
        [0, { kind: 'start' }],
        [100, { kind: 'exited', message: 'x' }],
        [200, { kind: 'stopped' }],
      ],
    ],
  ] as const)('ends an engine that is %s at once', (_, before) => {
    const noticed = play([[300, notice(false)]], play(before).state)
    expect(noticed.did).toEqual(['publish draining', 'stop engine'])
    expect(play([[400, { kind: 'stopped' }]], noticed.state).did).toEqual(['withdraw', 'leave by cancel'])
  })

  it('says nothing to Slurm after its TERM', () => {
    const gotTerm = play(
      [
        [1_000, notice(false)],
        [2_000, { kind: 'term' }],
        [3_000, idleLook],
        [4_000, idleLook],
        [4_100, { kind: 'stopped' }],
      ],
      served,
    )
    expect(gotTerm.did.slice(1)).toEqual(['stop engine', 'withdraw', 'end'])
  })

  it('changes nothing before the start and after the last act', () => {
    expect(play([[0, notice(false)]])).toMatchObject({ state: ALONE, did: [] })
    const leaving = play([[1_000, notice(true)], ...goes], served).state
    expect(play([[62_000, notice(false)]], leaving)).toMatchObject({ state: leaving, did: [] })
  })
})

it('touches nothing of Slurm when a newer incarnation exists', () => {
  const fenced = { kind: 'leave', cause: 'requeued', requeue: false } as const
  const told = play(
    [
      [1_000, { kind: 'verdict', verdict: fenced, heardAt: 1_000 }],
      [2_000, idleLook],
      [3_000, idleLook],
    ],
    served,
  )
  expect(play([[3_100, { kind: 'stopped' }]], told.state).did).toEqual(['withdraw', 'end'])
})

describe('several endpoints in one replica', () => {
  const each = (index: number, event: EndpointEvent) => ({ kind: 'endpoint', index, event }) as const
  const pair = play([[0, { kind: 'start' }]], newReplica(2))
  const both = play(
    [
      [500, each(0, ready)],
      [900, each(1, ready)],
    ],
    pair.state,
  ).state
  const idle = (index: number) => each(index, idleLook)

  it('come up each in its own time', () => {
    expect(pair.didEach).toEqual([
      'listen',
      '0 start engine',
      '0 publish loading',
      '1 start engine',
      '1 publish loading',
    ])
    const one = play([[500, each(1, ready)]], pair.state)
    expect(one.didEach).toEqual(['1 publish ready'])
    expect(play([[59_000, { kind: 'tick' }]], one.state).didEach).toEqual([])
  })

  it('one that does not load in time, or dies, does not disturb the other', () => {
    const late = play(
      [
        [500, each(1, ready)],
        [60_000, { kind: 'tick' }],
      ],
      pair.state,
    )
    expect(late.didEach).toEqual(['1 publish ready', '0 publish loading', '0 stop engine'])
    expect(play([[70_000, each(0, { kind: 'exited', message: 'x' })]], both).didEach).toEqual([
      '0 publish loading',
      '0 stop engine',
    ])
  })

  it('gives the node back only when all have failed', () => {
    const exits = [1, 2, 3, 4, 5]
    const tired = { ...both, endpoints: both.endpoints.map(one => ({ ...one, exits })) }
    const died = (index: number, now: number) =>
      [
        [now, each(index, { kind: 'exited', message: 'x' })],
        [now + 1, each(index, { kind: 'stopped' })],
      ] as const
    const one = play(died(0, 1_000), tired)
    expect(one.didEach).toEqual(['0 publish failed', '0 stop engine'])
    expect(play(died(1, 2_000), one.state).didEach).toEqual(['1 publish failed', '1 stop engine', 'leave by cancel'])
    const noticed = play([[2_000, { kind: 'verdict', verdict: preempted, heardAt: 2_000 }]], one.state)
    const gone = play(
      [
        [3_000, idle(1)],
        [4_000, idle(1)],
        [4_100, each(1, { kind: 'stopped' })],
      ],
      noticed.state,
    )
    expect(gone.didEach).toEqual(['1 stop engine', '1 withdraw', '0 withdraw', 'leave by requeue'])
  })

  it('leaves when the last answer of the last one has ended', () => {
    const noticed = play([[1_000, { kind: 'verdict', verdict: preempted, heardAt: 1_000 }]], both)
    expect(noticed.didEach).toEqual(['0 publish draining', '1 publish draining'])
    const first = play(
      [
        [2_000, idle(0)],
        [3_000, idle(0)],
        [3_100, each(0, { kind: 'stopped' })],
      ],
      noticed.state,
    )
    expect(first.didEach).toEqual(['0 stop engine', '0 withdraw'])
    const last = play(
      [
        [4_000, idle(1)],
        [5_000, idle(1)],
        [5_100, each(1, { kind: 'stopped' })],
      ],
      first.state,
    )
    expect(last.didEach).toEqual(['1 stop engine', '1 withdraw', 'leave by requeue'])
  })

  it('starts again what had stopped when it need not leave after all', () => {
    const noticed = play(
      [
        [1_000, { kind: 'verdict', verdict: preempted, heardAt: 1_000 }],
        [2_000, idle(0)],
        [3_000, idle(0)],
        [3_100, each(0, { kind: 'stopped' })],
      ],
      both,
    )
    const stayed = play([[3_200, { kind: 'verdict', verdict: { kind: 'stay' }, heardAt: 3_200 }]], noticed.state)
    expect(stayed.didEach).toEqual(['1 publish ready', 'listen'])
    expect(play([[3_400, { kind: 'tick' }]], stayed.state).didEach).toEqual(['0 start engine', '0 publish loading'])
  })

  it('stops at once the one that does not serve yet', () => {
    const one = play([[500, each(1, ready)]], pair.state).state
    const noticed = play([[1_000, { kind: 'verdict', verdict: preempted, heardAt: 1_000 }]], one)
    expect(noticed.didEach).toEqual(['0 publish draining', '0 stop engine', '1 publish draining'])
  })
})
