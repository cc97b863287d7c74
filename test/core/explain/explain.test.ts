import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { explain } from '../../../src/core/explain/explain.ts'
import { explanationText } from '../../../src/core/explain/explain-text.ts'
import type { RunEvent } from '../../../src/core/explain/facts.ts'
import { events, facts, run, view } from './facts-of.ts'

const FORGOTTEN = 'Slurm no longer knows job 7 (MinJobAge): only files show what ended it'

const ENDPOINT: Endpoint = {
  version: 1,
  id: 'reasoning-7-0-0',
  tier: 'reasoning',
  engine: 'llama.cpp',
  state: 'ready',
  url: 'http://10.0.0.1:8080',
  models: ['m'],
  serves: ['chat'],
  job: { id: '7', restarts: 0, name: 'r', node: 'vasp-01' },
  processes: [],
  since: '2026-01-31T12:00:00.000Z',
  message: null,
}

/** Preempted in its first run, out of memory in its second. */
const TWICE = facts({
  runs: [
    run({
      events: events(
        ['ready', { models: 1 }],
        ['engine exited', { message: 'Killed by SIGKILL: long ago', oomKills: 1 }],
        ['ready', { models: 1 }],
        ['draining', { cause: 'preempted' }],
        ['drained', { outcome: 'deadline', cause: 'preempted', waitedMs: 15_000 }],
        ['requeued'],
      ),
    }),
    run({
      restarts: 1,
      events: events(
        ['engine exited', { message: 'Killed by SIGKILL: loading\nmore', exits: 6, oomKills: 2 }],
        ['failed'],
        ['cancelled'],
      ),
      logs: [{ name: 'logs/7/engine-1.log', lines: ['loading', 'more'] }],
    }),
  ],
})

describe('an explanation', () => {
  it('tells the last run first, and an earlier trouble that was survived is not its cause', () => {
    const explanation = explain(TWICE)
    expect(explanation?.runs.map(({ replica, cause, endedAt }) => [replica, cause, endedAt])).toEqual([
      ['reasoning-7-1', 'host-memory', '2026-01-31T12:02:00.000Z'],
      ['reasoning-7-0', 'preempted', '2026-01-31T12:05:00.000Z'],
    ])
    expect(explanation?.now).toBe(null)
    expect(explanation?.notFound).toEqual([FORGOTTEN])
  })

  it('tells the run first that was asked for', () => {
    expect(explain({ ...TWICE, asked: 0 })?.runs.map(one => one.restarts)).toEqual([0, 1])
  })

  it('is read by people', () => {
    const explanation = explain(TWICE)
    expect(explanation && explanationText(explanation)).toEqual([
      'Job 7 (reasoning), run 1: It ran out of host memory: slurm.mem is too small for the weights (in the page cache), the KV cache and the buffers, which grow while long prompts are processed',
      '',
      'What shows it:',
      '  events/reasoning-7-1.jsonl',
      '    2026-01-31T12:00:00.000Z engine exited (oomKills 2): Killed by SIGKILL: loading',
      '',
      'What to do:',
      '  Raise tiers.reasoning.slurm.mem: the size of the model on each node, its KV cache, and a fifth more. Then submit it again, because a job keeps the script of its submission (sluice stop reasoning, sluice submit reasoning)',
      '',
      'Engines that ended and served again, the last first (their answers broke off):',
      '  2026-01-31T12:01:00.000Z: It ran out of host memory: slurm.mem is too small for the weights (in the page cache), the KV cache and the buffers, which grow while long prompts are processed',
      '',
      'Other runs, the last first:',
      '  reasoning-7-0, 2026-01-31T12:05:00.000Z: It was preempted: a job of higher priority needed its node; its last answers were cut at the deadline, and it requeued itself',
      '',
      'Not found:',
      `  ${FORGOTTEN}`,
    ])
  })

  it('of nothing is none', () => {
    expect(explain(facts())).toBe(undefined)
    expect(explain(facts({ slurm: { unknown: 'Cannot run squeue: no answer within 20 s' } }))).toBe(undefined)
  })

  it('of a job that runs says since when, and how its earlier runs ended', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', restarts: 1, batchHost: 'vasp-01' })
    const earlier = TWICE.runs.slice(0, 1)
    const now = run({ restarts: 1, events: events(['ready', { models: 1 }]) })
    const explanation = explain(facts({ slurm: { value: running }, runs: [...earlier, now] }))
    expect(explanation?.now).toEqual({
      cause: 'runs',
      what: 'It runs on vasp-01: its engine serves since 2026-01-31T12:00:00.000Z',
      evidence: [{ source: 'Slurm', text: 'State=RUNNING Reason=None Restarts=1' }],
      fix: null,
    })
    expect(explanation?.runs.map(one => one.cause)).toEqual(['preempted'])
    expect(explanation?.notFound).toEqual([])
  })

  it('of a job that serves while Slurm is silent does not say what ended it', () => {
    const endpoint = { ...ENDPOINT, state: 'ready' as const }
    const runs = [run({ events: events(['ready', { models: 1 }]) })]
    const silent = facts({ slurm: { unknown: 'Cannot run squeue' }, endpoint: { value: endpoint }, runs })
    expect(explain(silent)).toMatchObject({
      now: {
        cause: 'runs',
        what: 'It runs on vasp-01: its engine serves since 2026-01-31T12:00:00.000Z; its own files show that, Slurm does not',
      },
      runs: [],
      notFound: ['Cannot run squeue'],
    })
    const gone = [run({ events: events(['ready'], ['failed', { message: 'x' }], ['cancelled']) })]
    expect(explain({ ...silent, runs: gone })?.now).toBe(null)
  })

  it('of a job that serves and is not routed says why', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const text = 'Not routed: Address 10.1.0.3 lies outside gateway.networks'
    const told = { source: 'events/updater-main.jsonl', restarts: 0, text }
    const runs = [run({ events: events(['ready']) })]
    const now = (...routabilities: (typeof told)[]) =>
      explain(facts({ slurm: { value: running }, runs, routabilities }))?.now
    expect(now(told)).toMatchObject({
      cause: 'not-routed',
      what: 'It runs on vasp-01: its engine serves since 2026-01-31T12:00:00.000Z. But no request reaches it: Address 10.1.0.3 lies outside gateway.networks',
      evidence: [{ source: 'Slurm' }, { source: told.source, text }],
    })
    expect(now(told)?.fix).toMatch(/sluice drain 7\) and submit it again/)
    expect(now({ ...told, text: 'Not routed: Tier "fast" is not configured' })?.fix).toMatch(
      /^Remove it \(sluice drain 7\)/,
    )
    expect(now({ ...told, text: 'Not routed: Node "a" cannot be resolved yet' })?.fix).toMatch(/^Correct what/)
    expect(now(told, { ...told, text: 'Routed' })?.cause).toBe('runs')
  })

  it('of a job whose engine is set aside says by whom', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const aside = { source: 'routes/main.json', restarts: 0, text: 'reasoning-7-0-0 is set aside by gateway main' }
    const now = (events: RunEvent[], restarts = 0) =>
      explain(facts({ slurm: { value: running }, runs: [run({ events })], asides: [{ ...aside, restarts }] }))?.now
    expect(now(events(['ready']))).toMatchObject({
      cause: 'set-aside',
      what: expect.stringMatching(
        /But others of its tier are asked first: reasoning-7-0-0 is set aside by gateway main$/,
      ),
      evidence: [{ source: 'Slurm' }, { source: 'routes/main.json' }],
      fix: expect.stringContaining('sluice logs 7'),
    })
    expect([now(events(['ready']), 3)?.cause, now([])?.cause]).toEqual(['runs', 'runs'])
  })

  it('of an engine that ended and serves again says which, when, and what ended it', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const id = 'reasoning-7-0-0'
    const list = events(
      ['ready', { id }],
      ['engine exited', { id, message: 'Killed by SIGSEGV: srv' }],
      ['ready', { id }],
      ['engine exited', { id, message: 'Killed by SIGKILL: slot', oomKills: 1 }],
      ['ready', { id }],
    )
    const explanation = explain(facts({ slurm: { value: running }, runs: [run({ events: list })] }))
    expect(explanation?.now?.cause).toBe('runs')
    expect(explanation?.interruptions.map(({ endpoint, at, cause }) => [endpoint, at, cause])).toEqual([
      [id, '2026-01-31T12:03:00.000Z', 'host-memory'],
      [id, '2026-01-31T12:01:00.000Z', 'engine-crashed'],
    ])
    expect(explanation && explanationText(explanation)).toContain(
      '  reasoning-7-0-0, 2026-01-31T12:01:00.000Z: Its engine crashed (SIGSEGV)',
    )
  })

  it('of several engines tells of the one whose answers were cut', () => {
    const cause = 'preempted'
    const list = events(
      ['draining', { cause }],
      ['drained', { outcome: 'deadline', cause, waitedMs: 1, connections: 3 }],
      ['drained', { outcome: 'idle', cause, waitedMs: 1 }],
    )
    expect(explain(facts({ runs: [run({ events: list })] }))?.runs[0]).toMatchObject({
      what: expect.stringContaining('its last answers were cut at the deadline'),
      fix: expect.stringContaining('longer grace'),
    })
  })

  it('of a tier that is gone says so', () => {
    const runs = [run({ events: events(['ready']) })]
    expect(explain(facts({ runs, isTierRemoved: true }))?.notFound[0]).toBe(
      'Tier "reasoning" is no longer in sluice.yaml: its settings, and the output of its script, are not known',
    )
  })

  it('of a job that runs and whose engine fails says why', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const message = 'Exited with code 1: error: invalid argument: --nope'
    const list = events(['engine exited', { message, exits: 1 }], ['engine stopped'], ['resting', { ms: 900 }])
    const explanation = explain(facts({ slurm: { value: running }, runs: [run({ events: list })] }))
    expect(explanation?.now).toMatchObject({
      cause: 'bad-arguments',
      what: 'It runs, and its engine has failed once since it last served. The engine does not accept its argument "--nope", and exits; its exit code may be 0 all the same',
    })
    expect(explanation?.runs).toEqual([])
  })

  it('of a job that runs and whose engine is unwell says so, and that it serves', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const sick = [
      ['ready', { models: 1 }],
      ['engine unwell', { message: 'HTTP 500' }],
    ] as const
    const now = (...later: (readonly [string, Readonly<Record<string, unknown>>?])[]) =>
      explain(facts({ slurm: { value: running }, runs: [run({ events: events(...sick, ...later) })] }))?.now
    expect(now()).toEqual({
      cause: 'engine-unwell',
      what: 'It runs. Its engine reports that it is unwell, but still serves: other engines of its tier are asked first',
      evidence: [{ source: 'events/reasoning-7-0.jsonl', text: '2026-01-31T12:01:00.000Z engine unwell: HTTP 500' }],
      fix: 'Its log may have the reason (sluice logs 7); an unwell engine is restarted automatically once it serves no request',
    })
    expect(now(['well again'])).toMatchObject({ cause: 'runs' })
    expect(now(['engine unfit', { message: 'HTTP 500' }], ['engine stopped'])).toMatchObject({
      cause: 'engine-unwell',
      what: 'It runs, and its engine has failed 2 times since it last served. Its engine reported that it was unwell, served no request, and was restarted',
    })
    expect(now(['engine exited', { message: 'Killed by SIGKILL' }])).toMatchObject({ cause: 'engine-killed' })
  })

  it('of a job of several engines is about the one that fails, however the others serve', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01' })
    const [one, other] = ['reasoning-7-0-0', 'reasoning-7-0-1']
    const message = 'Exited with code 1: error: invalid argument: --nope'
    const list = events(['engine exited', { id: one, message }], ['ready', { id: other }])
    const explained = (more: readonly RunEvent[]) =>
      explain(facts({ slurm: { value: running }, runs: [run({ events: [...list, ...more] })] }))?.now?.cause
    expect(explained([])).toBe('bad-arguments')
    expect(explained(events(['ready', { id: one }]))).toBe('runs')
  })

  it('of a job that drains says why it leaves', () => {
    const running = view({ state: 'running', stateText: 'RUNNING', batchHost: 'vasp-01', preemptTime: 1 })
    const list = events(['ready', { models: 1 }], ['draining', { cause: 'preempted' }])
    const explanation = explain(facts({ slurm: { value: running }, runs: [run({ events: list })] }))
    expect(explanation?.now).toMatchObject({
      cause: 'preempted',
      what: 'It is about to leave. It was preempted: a job of higher priority needed its node; it is finishing its answers',
    })
    expect(explanation?.runs).toEqual([])
  })

  it.each([
    [{ connections: 2 }, 'its last answers were cut at the deadline', true],
    [
      { connections: 0, heldBy: ['old', 'main'] },
      'it finished its answers, and then waited until the deadline for gateway old, main',
      false,
    ],
    [{ connections: 0 }, 'it finished its answers, and then waited until the deadline for routes/ to drop it', false],
    [{ connections: 0, cleared: true }, 'it finished its answers when its time was over', false],
  ])('of a drain that ended at its deadline with %j tells what that meant', (detail, words, hasFix) => {
    const drained = { outcome: 'deadline', cause: 'operator', waitedMs: 60_000, ...detail }
    const list = events(['ready'], ['draining', { cause: 'operator' }], ['drained', drained], ['cancelled'])
    const [answer] = explain(facts({ runs: [run({ events: list })] }))?.runs ?? []
    expect(answer?.what).toContain(`${words}, and it ended its job`)
    expect(answer?.fix?.includes('grace') ?? false).toBe(hasFix)
  })

  it('of a job that was requeued and waits tells what holds it, and how its last run ended', () => {
    const held = view({ state: 'pending', stateText: 'PENDING', reason: 'JobHoldMaxRequeue', restarts: 2 })
    const explanation = explain({ ...TWICE, slurm: { value: held } })
    expect(explanation?.now?.cause).toBe('held-max-requeue')
    expect(explanation?.runs.map(one => one.cause)).toEqual(['host-memory', 'preempted'])
  })

  it('takes Slurm’s word from an updater that wrote it down when Slurm has forgotten the job', () => {
    const told = { source: 'events/updater-main.jsonl', restarts: 0, text: 'Slurm says that job 7 is TIMEOUT' }
    const ready = [run({ events: events(['ready', { models: 1 }]) })]
    expect(explain(facts({ runs: ready, routabilities: [told] }))?.runs[0]).toMatchObject({
      cause: 'timed-out',
      evidence: [{ source: told.source, text: told.text }],
    })
    expect(explain(facts({ runs: ready, routabilities: [{ ...told, restarts: 1 }] }))?.runs[0]?.cause).toBe('unknown')
  })

  it('says what was not found, and does not take a silent Slurm for none', () => {
    const message = 'Cannot run squeue: no answer within 20 s'
    const list = events(['engine exited', { message: 'Killed by SIGSEGV: x' }], ['engine stopped'], ['failed'])
    const explanation = explain(facts({ slurm: { unknown: message }, runs: [run({ events: list })] }))
    expect(explanation?.notFound).toEqual([message, 'No log of run 0 (logs/7/engine-0.log)'])
    expect(explanation?.runs[0]?.cause).toBe('engine-crashed')
  })

  it('does not take the end of workers that the supervisor ended itself for a kill by Slurm', () => {
    const message = 'Killed by SIGSEGV: x'
    const list = events(['engine exited', { message, exits: 6 }], ['failed'])
    const killed =
      'slurmstepd: error: *** STEP 7.2 ON vasp-02 CANCELLED AT 2026-01-31T12:01:00 DUE to SIGNAL Killed ***'
    const logs = [{ name: 'logs/7/worker-vasp-02-0.log', lines: ['sluice: starts', killed] }]
    expect(explain(facts({ runs: [run({ events: list, logs })] }))?.runs[0]?.cause).toBe('engine-crashed')
  })
})

it('looks at the beginning and the end of a line, however long a client has made it', () => {
  const long = '/dev/shm '.repeat(100_000)
  const of = (line: string) =>
    explain(
      facts({
        runs: [run({ events: events(['failed', {}]), logs: [{ name: 'logs/7/engine-0.log', lines: [line] }] })],
      }),
    )
  expect(JSON.stringify(of(long)).length).toBeLessThan(20_000)
  for (const line of [`CUDA out of memory. ${long}`, `${long}CUDA out of memory.`])
    expect(JSON.stringify(of(line))).toContain('"cause":"device-memory"')
})
