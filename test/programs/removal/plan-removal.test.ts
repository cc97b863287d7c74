import { describe, expect, it } from 'vitest'
import {
  type Manner,
  type ObservedJob,
  planRemoval,
  type RemovalTarget,
} from '../../../src/programs/removal/plan-removal.ts'
import { endpoint } from '../../support/endpoint.ts'
import { runningJob as running } from '../../support/job.ts'

const target: RemovalTarget = { tier: 'fast', jobId: '4242', restarts: 1 }
const pending = { ...running, state: 'pending', stateText: 'PENDING' } as const
const ready = [endpoint]
const draining = [{ ...endpoint, state: 'draining' as const }]
const asked = new Set(['fast-4242-1'])

function plan(manner: Manner, sight: Partial<ObservedJob>) {
  return planRemoval(target, manner, { job: running, endpoints: ready, routedBy: [], asked: new Set(), ...sight }).kind
}

const CASES: readonly [string, Partial<ObservedJob>, { drain: string; requeue: string; now: string }][] = [
  ['1. Slurm is silent', { job: undefined }, { drain: 'wait', requeue: 'wait', now: 'wait' }],
  [
    '7. Slurm says a word that we do not know',
    { job: { ...running, state: 'unknown', stateText: 'SUSPENDED' } },
    { drain: 'wait', requeue: 'wait', now: 'cancel' },
  ],
  ['2. it is forgotten', { job: 'forgotten' }, { drain: 'done', requeue: 'done', now: 'done' }],
  ['2. it has ended', { job: { ...running, state: 'ended' } }, { drain: 'done', requeue: 'done', now: 'done' }],
  [
    '3. a later run waits',
    { job: { ...pending, restarts: 2 }, endpoints: [], asked },
    { drain: 'cancel', requeue: 'done', now: 'cancel' },
  ],
  [
    '3. a later run serves, and only the one before was asked',
    { job: { ...running, restarts: 2 }, endpoints: [{ ...endpoint, job: { ...endpoint.job, restarts: 2 } }], asked },
    { drain: 'ask', requeue: 'done', now: 'cancel' },
  ],
  ['4. it waits', { job: pending, endpoints: [] }, { drain: 'cancel', requeue: 'done', now: 'cancel' }],
  ['5. it is ending', { job: { ...running, state: 'ending' } }, { drain: 'wait', requeue: 'wait', now: 'wait' }],
  ['7. the registry is silent', { endpoints: undefined }, { drain: 'wait', requeue: 'wait', now: 'cancel' }],
  ['8. it serves', {}, { drain: 'ask', requeue: 'ask', now: 'cancel' }],
  [
    '8. its file cannot be read: it may serve',
    { endpoints: [], unread: 'Not JSON' },
    { drain: 'ask', requeue: 'ask', now: 'cancel' },
  ],
  [
    '8. it was asked, and its file cannot be read',
    { asked, endpoints: [], unread: 'Not JSON' },
    { drain: 'wait', requeue: 'wait', now: 'cancel' },
  ],
  ['8. it was asked and has not answered', { asked }, { drain: 'ask', requeue: 'ask', now: 'cancel' }],
  ['8. it drains', { asked, endpoints: draining }, { drain: 'wait', requeue: 'wait', now: 'cancel' }],
  [
    '8. it drains for another cause, and was not asked',
    { endpoints: draining },
    { drain: 'ask', requeue: 'ask', now: 'cancel' },
  ],
  ['9. its endpoint has gone', { asked, endpoints: [] }, { drain: 'wait', requeue: 'wait', now: 'cancel' }],
  ['10. it serves nobody yet', { endpoints: [] }, { drain: 'cancel', requeue: 'requeue', now: 'cancel' }],
  [
    '10. it has failed',
    { endpoints: [{ ...endpoint, state: 'failed' }] },
    { drain: 'cancel', requeue: 'requeue', now: 'cancel' },
  ],
  [
    '10. only an old run left its file',
    { endpoints: [{ ...endpoint, job: { ...endpoint.job, restarts: 0 } }] },
    { drain: 'cancel', requeue: 'requeue', now: 'cancel' },
  ],
]

describe('a job that an operator removes', () => {
  it.each(CASES)('gets its next order where: %s', (_, sight, moves) => {
    expect({ drain: plan('drain', sight), requeue: plan('requeue', sight), now: plan('now', sight) }).toEqual(moves)
  })

  it.each([
    [undefined, 'draining; the routes cannot be read'],
    [
      [{ gateway: 'main', isSilent: false }, { gateway: 'second' }],
      'draining; gateway main, second still routes to it',
    ],
    [
      [{ gateway: 'main' }, { gateway: 'second', isSilent: true }],
      'draining; gateway main still routes to it; gateway second may still route to it, and is silent',
    ],
    [
      [{ gateway: 'second', isSilent: true }],
      'draining; gateway second may still route to it, and is silent; it ends a minute after its last answer',
    ],
    [
      [{ gateway: 'old', problem: 'Not JSON' }],
      'draining; routes/old.json may name it: Not JSON; it ends a minute after its last answer',
    ],
    [[], 'draining; no new requests, its answers are ending'],
  ])('whose gateways %j still name it is reported as: %s', (routedBy, words) => {
    const sight = { job: running, endpoints: draining, routedBy, asked }
    expect(planRemoval(target, 'drain', sight).words).toBe(words)
  })
})
