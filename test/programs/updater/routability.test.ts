import { describe, expect, it } from 'vitest'
import { rangesOf } from '../../../src/core/domain/address.ts'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { ObservedEndpoint } from '../../../src/programs/updater/observed-endpoints.ts'
import { type Routability, routabilityOf, type Surroundings } from '../../../src/programs/updater/routability.ts'
import { endpoint } from '../../support/endpoint.ts'
import { runningJob } from '../../support/job.ts'

const observed: ObservedEndpoint = { endpoint, firstObservedAt: 1_000, lease: { beat: 7, stillMs: 0 } }
const job: JobView = { ...runningJob, comment: 'sluice:ours' }
const around: Surroundings = {
  poll: { startedAt: 500, complete: true, jobs: new Map([['4242', job]]) },
  connects: () => undefined,
  addressesOf: () => ['10.0.0.12'],
  knowsKey: () => false,
  isRouted: () => false,
  tiers: ['fast'],
  networks: rangesOf(['10.0.0.0/24']),
  ownAddresses: ['10.0.0.5'],
  ownListens: [],
  loopbackOnly: false,
  leaseMs: 20_000,
}
const onGateway = { ownAddresses: ['10.0.0.5', '10.0.0.6'], addressesOf: () => ['10.0.0.5', '10.0.0.6'] }
const routed: Routability = { routed: true, suspect: false }
const not = (reason: string): Routability => ({ routed: false, reason })
type Change = { [Field in keyof JobView]?: JobView[Field] | undefined } | 'absent'
const poll = (startedAt: number, change: Change, complete = true): Surroundings['poll'] => ({
  startedAt,
  complete,
  jobs: new Map(change === 'absent' ? [] : [['4242', { ...job, ...change } as JobView]]),
})
const keyed: ObservedEndpoint = { ...observed, endpoint: { ...endpoint, key: '0123456789abcdef' } }

describe('an engine that asks for a key', () => {
  it.each<[string, Partial<Surroundings>, Routability]>([
    ['that could not be read: not added', {}, not('The key that it asks for cannot be read yet')],
    ['that could not be read, and nginx has it: stays', { isRouted: () => true }, routed],
    ['that is known: routed', { knowsKey: key => key === '0123456789abcdef' }, routed],
  ])('%s', (_what, change, routability) => {
    expect(routabilityOf(keyed, { ...around, ...change })).toEqual(routability)
  })
})

const at = (url: string): ObservedEndpoint => ({ ...observed, endpoint: { ...endpoint, url } })

describe('what Slurm says', () => {
  it.each<[string, Surroundings['poll'], Routability]>([
    ['nothing yet: routed', undefined, routed],
    ['running: routed', poll(2_000, {}), routed],
    ['gone, in a poll that began before the file was seen: says nothing', poll(1_000, 'absent'), routed],
    ['gone, in a later poll', poll(1_001, 'absent'), not('Slurm has no job 4242 of ours')],
    ['gone, in a poll of which a part could not be read: says nothing', poll(2_000, 'absent', false), routed],
    [
      'ended, in a poll that began before the file was seen: the file came late',
      poll(1_000, { state: 'ended', stateText: 'FAILED' }),
      not('Slurm says that job 4242 is FAILED'),
    ],
    [
      'requeued, in such a poll: likewise',
      poll(1_000, { restarts: 2, state: 'pending' }),
      not('Job 4242 was requeued: this is its old copy'),
    ],
    ['pending, in such a poll: the run began later', poll(1_000, { state: 'pending' }), routed],
    ['ended an earlier run, in such a poll: likewise', poll(1_000, { restarts: 0, state: 'ended' }), routed],
    ['a lower restart count is an old answer', poll(2_000, { restarts: 0, state: 'ended' }), routed],
    [
      'a higher one makes us the old copy',
      poll(2_000, { restarts: 2 }),
      not('Job 4242 was requeued: this is its old copy'),
    ],
    ['a word that we do not know says nothing', poll(2_000, { state: 'unknown' }), routed],
    ['ended', poll(2_000, { state: 'ended', stateText: 'FAILED' }), not('Slurm says that job 4242 is FAILED')],
    [
      'ending',
      poll(2_000, { state: 'ending', stateText: 'COMPLETING' }),
      not('Slurm says that job 4242 is COMPLETING'),
    ],
    ['in its grace: drained at once', poll(2_000, { preemptTime: 1 }), not('Job 4242 is being preempted')],
  ])('%s', (_, answer, routability) => {
    expect(routabilityOf(observed, { ...around, poll: answer, isRouted: () => true })).toEqual(routability)
  })
})

describe('whose run it is', () => {
  const unknown = not('Slurm has not yet said that job 4242 is ours and runs on "vasp-02"')
  const elsewhere = not('Job 4242 runs on "login-node", not on "vasp-02"')

  it.each<[string, Surroundings['poll'], { new: Routability; routed: Routability }]>([
    ['no poll yet', undefined, { new: unknown, routed }],
    ['not in the last poll, which is older', poll(1_000, 'absent'), { new: unknown, routed }],
    ['not in a poll that could not be read whole', poll(2_000, 'absent', false), { new: unknown, routed }],
    ['known already before the file', poll(500, {}), { new: routed, routed }],
    ['on that node', poll(2_000, {}), { new: routed, routed }],
    ['on another node', poll(2_000, { batchHost: 'login-node' }), { new: elsewhere, routed: elsewhere }],
    [
      'on another node, by an older poll',
      poll(500, { batchHost: 'login-node' }),
      { new: elsewhere, routed: elsewhere },
    ],
    ['not yet started', poll(500, { state: 'pending', batchHost: undefined }), { new: unknown, routed }],
    ['before its requeue on another node', poll(500, { restarts: 0, batchHost: 'vasp-01' }), { new: unknown, routed }],
    ['first of many nodes', poll(2_000, { nodeList: 'vasp-[02-05]' }), { new: routed, routed }],
    ['in a state that we do not know', poll(2_000, { state: 'unknown' }), { new: routed, routed }],
    ['submitted by hand', poll(2_000, { comment: undefined }), { new: routed, routed }],
    ['a row that was read in part', poll(2_000, { batchHost: undefined, state: 'unknown' }), { new: unknown, routed }],
  ])('%s', (_, answer, routability) => {
    expect(routabilityOf(observed, { ...around, poll: answer })).toEqual(routability.new)
    expect(routabilityOf(observed, { ...around, poll: answer, isRouted: () => true })).toEqual(routability.routed)
  })
})

describe('a beat that stands still', () => {
  const still: ObservedEndpoint = { ...observed, lease: { beat: 7, stillMs: 20_000 } }

  it.each<[string, ObservedEndpoint, boolean | undefined, Routability]>([
    ['within the lease', { ...observed, lease: { beat: 7, stillMs: 19_999 } }, false, routed],
    ['a suspect that was not tried yet stays', still, undefined, { routed: true, suspect: true }],
    ['a suspect that takes a connection stays', still, true, { routed: true, suspect: true }],
    ['a suspect that refuses goes', still, false, not('Its beat stands still, and its port does not connect')],
  ])('%s', (_, one, connects, routability) => {
    expect(routabilityOf(one, { ...around, connects: () => connects })).toEqual(routability)
  })
})

describe('where it may lie', () => {
  it.each<[string, ObservedEndpoint, Partial<Surroundings>, Routability]>([
    ['outside the networks', at('http://10.0.1.12:8080'), {}, not('Address 10.0.1.12 lies outside gateway.networks')],
    [
      'link-local, though the networks hold it',
      at('http://169.254.1.1:8080'),
      { networks: rangesOf(['0.0.0.0/0']), addressesOf: () => ['169.254.1.1'] },
      not('Address 169.254.1.1 is link-local or loopback'),
    ],
    [
      'loopback, though the networks hold it',
      at('http://127.0.0.1:8080'),
      { networks: rangesOf(['0.0.0.0/0']), addressesOf: () => ['127.0.0.1'] },
      not('Address 127.0.0.1 is link-local or loopback'),
    ],
    [
      'the gateway’s own',
      at('http://10.0.0.5:8080'),
      { addressesOf: () => ['10.0.0.5'], ownListens: [{ address: '0.0.0.0', port: 8080 }] },
      not("Address 10.0.0.5:8080 is the gateway's own"),
    ],
    [
      'one that the gateway listens on when this machine has it',
      at('http://10.0.0.12:8080'),
      { ownListens: [{ address: '10.0.0.12', port: 8080 }] },
      not("Address 10.0.0.12:8080 is the gateway's own"),
    ],
    [
      'another address of the gateway’s machine, on a port that it has there too',
      at('http://10.0.0.6:8080'),
      { ...onGateway, ownListens: [{ address: '0.0.0.0', port: 8080 }] },
      not("Address 10.0.0.6:8080 is the gateway's own"),
    ],
    [
      'the gateway’s machine, on a port that is an engine’s, for a job of that machine',
      at('http://10.0.0.5:9000'),
      { ...onGateway, ownListens: [{ address: '0.0.0.0', port: 8080 }] },
      routed,
    ],
    [
      'the gateway’s machine, for a job of another',
      at('http://10.0.0.5:9000'),
      { ownListens: [{ address: '0.0.0.0', port: 8080 }] },
      not('Address 10.0.0.5 is not one of node "vasp-02" (10.0.0.12)'),
    ],
    [
      'a node with the port of a gateway that listens on all its own addresses',
      observed,
      { ownListens: [{ address: '0.0.0.0', port: 8080 }] },
      routed,
    ],
    [
      'a node that has IPv6 addresses alone',
      observed,
      { addressesOf: () => ['fd00::12'] },
      not('Address 10.0.0.12 is not one of node "vasp-02" (fd00::12)'),
    ],
    ['a privileged port', at('http://10.0.0.12:0080'), {}, not('Port 80 is not one of 1024 to 65535')],
    ['a port that is none', at('http://10.0.0.12:99999'), {}, not('Port 99999 is not one of 1024 to 65535')],
    [
      'another node’s',
      at('http://10.0.0.13:8080'),
      {},
      not('Address 10.0.0.13 is not one of node "vasp-02" (10.0.0.12)'),
    ],
    [
      'a node that cannot be resolved adds nothing',
      observed,
      { addressesOf: () => undefined },
      not('Node "vasp-02" cannot be resolved yet'),
    ],
    [
      'a node that cannot be resolved withdraws nothing',
      observed,
      { addressesOf: () => undefined, isRouted: () => true },
      routed,
    ],
  ])('%s', (_, one, change, routability) => {
    expect(routabilityOf(one, { ...around, ...change })).toEqual(routability)
  })
})

describe('without Slurm', () => {
  const ownListens = [{ address: '0.0.0.0', port: 8081 }]
  const here = {
    loopbackOnly: true,
    ownListens,
    poll: undefined,
    networks: rangesOf(['0.0.0.0/0']),
    addressesOf: () => undefined,
  }

  it.each<[string, ObservedEndpoint, Routability]>([
    ['loopback', at('http://127.0.0.1:8080'), routed],
    ['where the gateway listens', at('http://127.0.0.1:8081'), not("Address 127.0.0.1:8081 is the gateway's own")],
    [
      "the gateway's own address",
      at('http://10.0.0.5:8080'),
      not('Address 10.0.0.5 is not loopback, and there is no Slurm'),
    ],
    ['a privileged port', at('http://127.0.0.1:0080'), not('Port 80 is not one of 1024 to 65535')],
  ])('%s', (_, one, routability) => {
    expect(routabilityOf(one, { ...around, ...here })).toEqual(routability)
  })
})

it('routes no tier that is not configured', () => {
  expect(routabilityOf(observed, { ...around, tiers: ['slow'] })).toEqual(not('Tier "fast" is not configured'))
})

it.each(['starting', 'loading', 'draining', 'failed'] as const)('does not route what its file calls %s', state => {
  const one = { ...observed, endpoint: { ...endpoint, state } }
  expect(routabilityOf(one, around)).toEqual(not(`Its file says ${state}`))
})
