import { describe, expect, it } from 'vitest'
import type { DoctorFinding } from '../../../src/core/doctor/doctor-finding.ts'
import { examineSite } from '../../../src/core/doctor/examine.ts'
import type { DoctorFacts, PartitionFacts, SlurmFacts, TierFacts } from '../../../src/core/doctor/facts.ts'

const partition: PartitionFacts = {
  name: 'gpu_ai',
  graceSeconds: 35,
  preemptMode: 'REQUEUE',
  state: 'UP',
  isExclusive: false,
}
const tier: TierFacts = {
  name: 'fast',
  command: 'llama-server',
  isExclusive: true,
  partitions: [partition],
  missingPartitions: [],
  qos: 'ai',
  qosFacts: undefined,
  nodes: [{ name: 'vasp-01', addresses: ['10.0.0.11'] }],
}
const config = {
  version: '26.05.5',
  killWaitSeconds: 30,
  minJobAgeSeconds: 300,
  preemptType: 'preempt/partition_prio',
  preemptMode: 'REQUEUE',
  jobRequeue: true,
  proctrackType: 'proctrack/cgroup',
}
const found = {
  ownerUid: 2001,
  mode: 0o40751,
  isDirectory: true,
  localFilesystem: 'xfs',
  filesystemType: '58465342',
  freeBytes: 2 ** 40,
  freeInodes: 10_000_000,
  mountPoint: '/cluster',
}
const trial = { ownerUid: 2001, visibleMs: 3.2, eventMs: 4 }
const key = { ownerUid: 2001, mode: 0o100600, unusable: undefined }
const site: DoctorFacts = {
  gateway: {
    nginx: { version: '1.30.4', hasNjs: false },
    listens: [{ listen: 8080, holder: 'nobody' }],
    mayEndStreams: true,
    networks: ['10.0.0.0/24'],
  },
  shared: { path: '/cluster/shared/ai', uid: 2001, found, trial, key },
  runtime: { path: '/cluster/shared/sluice', current: '0.1.0-abc', isThis: true },
  slurm: { config, squeueSeconds: 15 },
  tiers: [tier],
}

const find = (facts: DoctorFacts, id: string): DoctorFinding | undefined =>
  examineSite(facts).find(one => one.id === id)
const withTier = (changes: Partial<TierFacts>): DoctorFacts => ({ ...site, tiers: [{ ...tier, ...changes }] })
const withSlurm = (changes: Partial<Exclude<SlurmFacts['config'], { unknown: string }>>): DoctorFacts => ({
  ...site,
  slurm: { ...site.slurm, config: { ...config, ...changes } },
})
const withShared = (changes: Partial<DoctorFacts['shared']>): DoctorFacts => ({
  ...site,
  shared: { ...site.shared, ...changes },
})

it('finds a site that is set up right to be so', () => {
  const others = examineSite(site).filter(finding => finding.level !== 'ok')
  expect(others.map(({ id, level }) => [id, level])).toEqual([
    ['gateway.njs', 'note'],
    ['tier.engine.fast', 'unknown'],
  ])
  expect(new Set(examineSite(site).map(finding => finding.id)).size).toBe(examineSite(site).length)
})

it('says nothing of Slurm, partitions and a runtime where a sluice up runs the site', () => {
  const runtime = { path: '/tmp/x', current: undefined, isThis: undefined }
  const findings = examineSite({
    ...site,
    isLocal: true,
    runtime,
    slurm: { config: { unknown: '' }, squeueSeconds: 15 },
  })
  expect(new Set(findings.map(one => one.id.split('.')[0]))).toEqual(new Set(['gateway', 'shared', 'slurm']))
  expect(findings.filter(one => one.level === 'problem' || one.level === 'unknown')).toEqual([])
  expect(findings.map(one => one.id)).not.toContain('shared.summary')
})

it('looks for no program where the engine is the demo engine', () => {
  expect(find(withTier({ command: undefined }), 'tier.engine.fast')).toMatchObject({
    level: 'ok',
    what: 'fast: its engine is the demo engine',
  })
})

describe('the gateway', () => {
  it.each([
    ['nobody', 'ok'],
    ['our nginx', 'ok'],
    ['another process', 'problem'],
    ['not this machine', 'problem'],
    [undefined, 'unknown'],
  ] as const)('whose port is held by %s is %s', (holder, level) => {
    const gateway = { ...site.gateway, listens: [{ listen: 8080, holder }] }
    expect(find({ ...site, gateway }, 'gateway.port.8080')?.level).toBe(level)
  })

  it('whose address is another machine’s is reported with that machine', () => {
    const gateway = { ...site.gateway, listens: [{ listen: '10.0.0.9:8080', holder: 'not this machine' as const }] }
    expect(find({ ...site, gateway }, 'gateway.port.10.0.0.9:8080')?.what).toBe(
      'This machine does not have the address of 10.0.0.9:8080',
    )
  })

  it('needs an nginx that is new enough', () => {
    const gateway = { ...site.gateway, nginx: { missing: 'nginx 1.14.1 is too old', isThere: true } }
    expect(find({ ...site, gateway }, 'gateway.nginx')).toMatchObject({
      level: 'problem',
      what: 'nginx 1.14.1 is too old',
      fix: 'install a newer nginx on the machine of the gateway',
    })
  })

  it('needs nginx', () => {
    const gateway = { ...site.gateway, nginx: { missing: 'There is no program "nginx" on PATH' } }
    expect(find({ ...site, gateway }, 'gateway.nginx')).toMatchObject({ level: 'problem', fix: expect.anything() })
  })

  it.each([
    [true, false, 'note'],
    [false, false, 'note'],
    [undefined, false, 'unknown'],
    [true, true, 'note'],
    [false, true, 'warning'],
  ])('with njs: %s, by model: %s is %s', (hasNjs, byModel, level) => {
    const gateway = { ...site.gateway, nginx: { version: '1.22.1', hasNjs }, byModel }
    expect(find({ ...site, gateway }, 'gateway.njs')?.level).toBe(level)
  })

  it('whose updater does not beat is a problem', () => {
    const gateway = { ...site.gateway, stillUpdaters: new Map([['main', 61_000]]) }
    expect(find({ ...site, gateway }, 'gateway.updater.main')).toMatchObject({
      level: 'problem',
      what: 'The updater of gateway main does not beat: its last beat is 61 s old',
    })
    expect(find(site, 'gateway.updater.main')).toBe(undefined)
  })

  it('a port that a sluice up of this account holds is said to be that', () => {
    const listens = [{ listen: 8080, holder: 'another process', up: '/tmp/up/sluice.yaml' } as const]
    expect(find({ ...site, gateway: { ...site.gateway, listens } }, 'gateway.port.8080')?.what).toBe(
      'Port 8080 is held by a sluice up of this account, which runs /tmp/up/sluice.yaml',
    )
  })

  it.each([
    [true, 'ok'],
    [false, 'warning'],
    [undefined, 'unknown'],
  ])('whose account may end streams: %s is %s', (mayEndStreams, level) => {
    const gateway = { ...site.gateway, mayEndStreams }
    expect(find({ ...site, gateway }, 'gateway.streams')?.level).toBe(level)
  })
})

it('does not call a port taken where another account than its own asks', () => {
  const gateway = { ...site.gateway, listens: [{ listen: 8080, holder: 'another process' as const }] }
  const shared = { ...site.shared, uid: site.shared.uid + 1 }
  expect(find({ ...site, gateway, shared }, 'gateway.port.8080')).toMatchObject({ level: 'unknown' })
})

describe('the shared directory', () => {
  it.each<[string, Partial<DoctorFacts['shared']>, string, string]>([
    ['is away', { found: { unreadable: 'ENOENT' } }, 'shared.directory', 'problem'],
    ['is a file', { found: { ...found, isDirectory: false } }, 'shared.directory', 'problem'],
    ['is ours', {}, 'shared.owner', 'ok'],
    ["is somebody else's", { found: { ...found, ownerUid: 0 } }, 'shared.owner', 'problem'],
    ['is open to all', { found: { ...found, mode: 0o41777 } }, 'shared.permissions', 'problem'],
    ['lets others pass', {}, 'shared.summary', 'ok'],
    ['lets nobody else pass', { found: { ...found, mode: 0o40750 } }, 'shared.summary', 'note'],
    ['is full', { found: { ...found, freeBytes: 1e6 } }, 'shared.space', 'warning'],
    ['takes few files', { found: { ...found, freeInodes: 3 } }, 'shared.inodes', 'warning'],
    ['takes no file', { trial: { failed: 'EROFS' } }, 'shared.write', 'problem'],
    ['maps accounts', { trial: { ...trial, ownerUid: 65_534 } }, 'shared.identity', 'problem'],
    ['has a key', {}, 'shared.key', 'ok'],
    ['has no key yet', { key: 'none' }, 'shared.key', 'ok'],
    ['did not show its key', { key: undefined }, 'shared.key', 'unknown'],
    ['has a key for all to read', { key: { ...key, mode: 0o100640 } }, 'shared.key', 'problem'],
    ['has a key of somebody else', { key: { ...key, ownerUid: 0 } }, 'shared.key', 'problem'],
    [
      'has a key that is none',
      { key: { ...key, unusable: 'Cannot use it: Not a regular file' } },
      'shared.key',
      'problem',
    ],
    ['is slow', { trial: { ...trial, visibleMs: 900 } }, 'shared.visible', 'warning'],
    ['is local and tells', {}, 'shared.events', 'ok'],
    ['is local and silent', { trial: { ...trial, eventMs: undefined } }, 'shared.events', 'warning'],
    ['is a network’s', { found: { ...found, localFilesystem: undefined } }, 'shared.events', 'note'],
  ])('that %s', (_, changes, id, level) => {
    expect(find(withShared(changes), id)?.level).toBe(level)
  })

  it.each<[string, string, Partial<typeof found>, string]>([
    ['is full', 'ENOSPC', { freeBytes: 5e6 }, 'at /cluster: 4 MiB are free, 1.0 GiB should be free (df -h /cluster)'],
    ['takes no more files', 'ENOSPC', { freeInodes: 0 }, 'it has no room for more of them (df -i /cluster)'],
    ['gives an account no more', 'EDQUOT', {}, 'make room for uid 2001 at /cluster, or have its quota raised'],
    ['may only be read', 'EROFS', {}, 'have the filesystem at /cluster mounted to be written to'],
    ['is not ours to write', 'EACCES', {}, 'let the account that runs sluice write there'],
  ])('that %s says what helps', (_, code, changes, fix) => {
    const facts = withShared({ found: { ...found, ...changes }, trial: { failed: 'so it is', code } })
    expect(find(facts, 'shared.write')?.fix).toContain(fix)
  })

  it('that squashes root is reported to root', () => {
    const facts = withShared({ uid: 0, found: { ...found, ownerUid: 0 }, trial: { ...trial, ownerUid: 65_534 } })
    expect(find(facts, 'shared.identity')?.why).toMatch(/^The server squashes root/)
  })

  it('does not report of an account’s files what is well', () => {
    expect(find(site, 'shared.identity')).toBeUndefined()
  })

  it('is not examined further where it is another account’s', () => {
    const foreign = withShared({ found: { ...found, ownerUid: 0 }, key: { ...key, ownerUid: 0 } })
    expect(find(foreign, 'shared.key')).toBeUndefined()
    expect(
      find({ ...foreign, shared: { ...foreign.shared, trial: { failed: 'EACCES' } } }, 'shared.write'),
    ).toBeUndefined()
  })
})

describe('the runtime', () => {
  it.each([
    [undefined, undefined, 'problem'],
    ['0.1.0-abc', true, 'ok'],
    ['0.1.0-abc', false, 'warning'],
    ['0.1.0-abc', undefined, 'unknown'],
  ])('%s, which is this one: %s', (current, isThis, level) => {
    const runtime = { path: '/cluster/shared/sluice', current, isThis }
    expect(find({ ...site, runtime }, 'runtime.current')?.level).toBe(level)
  })
})

describe('what runs', () => {
  const [NEW, OLD] = ['0.2.0-cccccccccccc', '0.1.0-aaaaaaaaaaaa']
  const running = (updater: string | undefined, ...builds: (string | undefined)[]): DoctorFacts => ({
    ...site,
    runtime: {
      ...{ path: '/cluster/shared/sluice', current: NEW, isThis: true },
      users: {
        updaters: [{ who: 'main', build: updater }],
        endpoints: builds.map((build, index) => ({ who: `fast-${index}-0-0`, build })),
      },
    },
  })

  it.each([
    [NEW, 'ok'],
    [OLD, 'warning'],
    [undefined, 'warning'],
    ['0.1.0', 'unknown'],
  ])('an updater of %s, where another is installed, is %s', (build, level) => {
    expect(find(running(build), 'runtime.updater.main')?.level).toBe(level)
  })

  it('endpoints that run another build than the installed one are reported with it', () => {
    expect(find(running(NEW, NEW, NEW), 'runtime.endpoints')).toMatchObject({ level: 'ok' })
    expect(find(running(NEW, NEW, OLD, undefined), 'runtime.endpoints')).toMatchObject({
      level: 'note',
      what: `2 of 3 endpoints run another build than ${NEW}. ${OLD}: fast-1-0-0; a Sluice that is too old to report its build: fast-2-0-0`,
    })
  })
})

describe('Slurm', () => {
  it('that does not answer is one unknown, and no tier is judged by it', () => {
    const facts = { ...site, slurm: { config: { unknown: 'Cannot run scontrol' }, squeueSeconds: 15 } }
    const ids = examineSite(facts).map(finding => finding.id)
    expect(ids.filter(id => id.startsWith('slurm.') || id.startsWith('tier.grace'))).toEqual(['slurm.config'])
  })

  it.each([
    ['22.05.8', 'ok'],
    ['26.05.5', 'ok'],
    ['21.08.8', 'warning'],
    ['26.11.0', 'note'],
    ['27.05.0', 'note'],
    ['now', 'unknown'],
  ])('%s is %s', (version, level) => {
    expect(find(withSlurm({ version }), 'slurm.version')?.level).toBe(level)
  })

  it.each([
    ['KillWait', { killWaitSeconds: 5 }, 'slurm.kill-wait', 'warning'],
    ['KillWait', { killWaitSeconds: 6 }, 'slurm.kill-wait', 'ok'],
    ['MinJobAge', { minJobAgeSeconds: 44 }, 'slurm.min-job-age', 'warning'],
    ['MinJobAge', { minJobAgeSeconds: 45 }, 'slurm.min-job-age', 'ok'],
    ['MinJobAge', { minJobAgeSeconds: 0 }, 'slurm.min-job-age', 'ok'],
    ['JobRequeue', { jobRequeue: false }, 'slurm.requeue', 'note'],
    ['PreemptType', { preemptType: 'preempt/none' }, 'slurm.preemption', 'note'],
    ['PreemptMode', { preemptMode: 'OFF' }, 'slurm.preemption', 'note'],
    ['PreemptParameters', { preemptParameters: 'send_user_signal' }, 'slurm.signal', 'ok'],
    ['SlurmctldParameters', { slurmctldParameters: 'preempt_send_user_signal' }, 'slurm.signal', 'ok'],
    ['cred_expire', { credExpireSeconds: 5 }, 'slurm.requeue-delay', 'ok'],
  ])('with %s %j: %s is %s', (_, changes, id, level) => {
    expect(find(withSlurm(changes), id)?.level).toBe(level)
  })

  it('holds a requeued job for two minutes where it does not say for how long', () => {
    expect(find(site, 'slurm.requeue-delay')?.what).toBe('Slurm holds a requeued job for 121 s (cred_expire)')
    expect(find(withSlurm({ credExpireSeconds: 5, requeueDelaySeconds: 3 }), 'slurm.requeue-delay')?.what).toBe(
      'Slurm holds a requeued job for 4 s (requeue_delay)',
    )
  })
})

describe('a tier’s drain window', () => {
  it('is reported in words', () => {
    expect(find(site, 'tier.grace.fast')?.what).toBe(
      'fast: your drain window is 30 s (GraceTime of partition gpu_ai 35 s, 5 s kept for the end)',
    )
  })

  it.each([
    ['proctrack/cgroup', undefined, false],
    ['proctrack/cgroup', true, true],
    ['proctrack/linuxproc', undefined, true],
  ])('of 0 is a problem; under %s with SignalChildrenProcesses %s answers are cut: %s', (...given) => {
    const [proctrackType, signalChildrenProcesses, isCut] = given
    const cluster = withSlurm({
      proctrackType,
      ...(signalChildrenProcesses === undefined ? {} : { signalChildrenProcesses }),
    })
    const facts = { ...cluster, tiers: [{ ...tier, partitions: [{ ...partition, graceSeconds: 0 }] }] }
    const finding = find(facts, 'tier.grace.fast')
    expect(finding?.level).toBe('problem')
    expect(finding?.why).toContain('the job has already ended: KillWait (30 s) is all the time there is')
    expect(finding?.why?.includes('answers are cut')).toBe(isCut)
  })

  it('of what is kept for the end is none', () => {
    expect(find(withTier({ partitions: [{ ...partition, graceSeconds: 5 }] }), 'tier.grace.fast')?.level).toBe(
      'problem',
    )
  })

  it('counts the QoS under preempt/qos, and not the partition', () => {
    const qos = withSlurm({ preemptType: 'preempt/qos' })
    const of = (qosFacts: TierFacts['qosFacts']) => find({ ...qos, tiers: [{ ...tier, qosFacts }] }, 'tier.grace.fast')
    expect(of(undefined)?.level).toBe('unknown')
    expect(of({ graceSeconds: 0, preemptMode: 'CLUSTER' })?.level).toBe('problem')
    expect(of({ graceSeconds: 65, preemptMode: 'CLUSTER' })?.what).toContain('your drain window is 60 s')
  })

  it('is not reported where nothing preempts', () => {
    expect(find(withSlurm({ preemptMode: 'OFF' }), 'tier.grace.fast')).toBeUndefined()
    expect(find(withTier({ partitions: [{ ...partition, preemptMode: 'OFF' }] }), 'tier.grace.fast')).toBeUndefined()
  })
})

describe('a tier', () => {
  it.each([
    ['REQUEUE', 'ok'],
    ['GANG,REQUEUE', 'ok'],
    ['CANCEL', 'warning'],
    ['SUSPEND,GANG', 'problem'],
    ['OFF', 'note'],
    ['BEG', 'unknown'],
  ])('of a partition with PreemptMode %s: %s', (preemptMode, level) => {
    const facts = withTier({ partitions: [{ ...partition, preemptMode }] })
    expect(find(facts, 'tier.preempt-mode.fast')?.level).toBe(level)
  })

  it.each<[string, Partial<TierFacts>, string, string]>([
    ['no such partition', { partitions: [], missingPartitions: ['gpu'] }, 'tier.partition.fast', 'problem'],
    ['an unknown partition', { partitions: undefined }, 'tier.partition.fast', 'unknown'],
    ['a closed one', { partitions: [{ ...partition, state: 'DOWN' }] }, 'tier.partition.fast', 'warning'],
    ['shared nodes', { isExclusive: false }, 'tier.shared-nodes.fast', 'note'],
    ['RPC workers', { rpcPort: 50_052 }, 'tier.rpc.fast', 'warning'],
    ['unknown nodes', { nodes: undefined }, 'tier.nodes.fast', 'unknown'],
    ['no name', { nodes: [{ name: 'a', addresses: undefined }] }, 'tier.nodes.fast.unresolved', 'warning'],
    ['nodes elsewhere', { nodes: [{ name: 'a', addresses: ['10.9.0.1'] }] }, 'tier.nodes.fast.outside', 'problem'],
  ])('with %s', (_, changes, id, level) => {
    expect(find(withTier(changes), id)?.level).toBe(level)
  })

  it('has a finding that names the network of each node: the first that has an address of theirs', () => {
    const wide = {
      ...withTier({
        nodes: [
          { name: 'a', addresses: ['10.0.0.1', '10.1.0.1'] },
          { name: 'b', addresses: ['10.0.0.2'] },
          { name: 'c', addresses: ['fd00::3', '10.1.0.3'] },
        ],
      }),
      gateway: { ...site.gateway, networks: ['10.1.0.0/24', '10.0.0.0/24'] },
    }
    expect(find(wide, 'tier.nodes.fast')).toMatchObject({
      level: 'ok',
      what: 'fast: engines are reached on a, c in 10.1.0.0/24, on b in 10.0.0.0/24',
    })
  })

  it.each([
    ['10.9.0.1', /^add the network to gateway\.networks, or, .* gateway\.nodeSuffix/],
    ['fd00::1', /^engines are reached by IPv4: .* gateway\.nodeSuffix/],
  ])('whose nodes are known by %s alone has a finding that says how to name their other addresses', (address, fix) => {
    const there = withTier({ nodes: [{ name: 'a', addresses: [address] }] })
    const finding = find(there, 'tier.nodes.fast.outside')
    expect(finding?.what).toBe(`fast: a (${address}) lies outside gateway.networks`)
    expect(finding && 'fix' in finding && finding.fix).toMatch(fix)
  })

  it('on nodes of its own gets no such finding', () => {
    expect(find(site, 'tier.shared-nodes.fast')).toBeUndefined()
    expect(find(site, 'tier.rpc.fast')).toBeUndefined()
    const whole = withTier({ isExclusive: false, partitions: [{ ...partition, isExclusive: true }] })
    expect(find(whole, 'tier.shared-nodes.fast')).toBeUndefined()
  })
})
