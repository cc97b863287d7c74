import { expect, it } from 'vitest'
import { MAX_MODEL_NAME } from '../../../src/core/domain/endpoint.ts'
import type { EndpointStatus, ReplicaStatus, StatusReport } from '../../../src/core/status/status-report.ts'
import {
  formatSummary,
  MAX_SUMMARY_BYTES,
  parseSummary,
  publicMessage,
} from '../../../src/core/status/status-summary.ts'

const frame = {
  ...{ gateway: 'main', account: 'ai', writtenAt: '2026-01-31T12:00:00.000Z', beat: 7 },
  ...{ everySeconds: 5, leaseSeconds: 20 },
}
const endpoint: EndpointStatus = {
  ...{ id: 'fast-7-0-0', state: 'ready', url: 'http://10.0.0.3:8080', models: ['m'], since: 'now' },
  ...{ message: null, routedBy: ['main'], load: null, beatStillMs: 400 },
}
const replica: ReplicaStatus = {
  ...{ job: '7', restarts: 0, node: 'vasp-01', endpoint },
  slurm: { known: true, state: 'RUNNING', reason: null, queuedSince: null, expectedStart: null },
}
const waiting: ReplicaStatus = {
  ...{ job: '8', restarts: 1, node: null, endpoint: null },
  slurm: { known: true, state: 'PENDING', reason: 'Priority', queuedSince: 90, expectedStart: 99 },
}

function report(...replicas: ReplicaStatus[]): StatusReport {
  const counts = { pending: 1, running: 1, ready: 1, draining: 0 }
  return {
    site: 'beefcake2',
    gateways: [{ name: 'main', generation: 3, routes: 1, beatStillMs: null }],
    tiers: [{ name: 'fast', path: '/', url: 'http://login:8080', ...counts, replicas }],
    problems: ['Slurm does not answer the updater'],
  }
}

function published(one: StatusReport) {
  const summary = parseSummary(formatSummary(one, frame))
  if ('problem' in summary) throw new Error(summary.problem)
  return summary
}

it('comes back as it was, without the address of an engine', () => {
  expect(published(report(replica, waiting))).toEqual({
    version: 1,
    ...frame,
    ...report({ ...replica, endpoint: { ...endpoint, url: null } }, waiting),
  })
})

it('has nothing in it that an engine or a file has said', () => {
  const message = 'Exited with code 1: --api-key sk-secret | prompt of a user | HF_TOKEN=secret'
  const notRouted = [
    `not routed by main: ${message}`,
    'not routed by main: Address 10.1.0.3 lies outside gateway.networks',
  ]
  const text = formatSummary(report({ ...replica, endpoint: { ...endpoint, message, notRouted } }), frame)
  expect(text).not.toMatch(/secret|prompt|10\.0\.0\.3/)
  expect(parseSummary(text)).toMatchObject({
    tiers: [{ replicas: [{ endpoint: { message: 'Exited with code 1', notRouted: notRouted.slice(1) } }] }],
  })
})

it.each([
  ['Draining: preempted', 'Draining: preempted'],
  [
    'Copying gpt-oss.gguf to this node: 43 % of 60.8 GiB, 2 min left',
    'Copying gpt-oss.gguf to this node: 43 % of 60.8 GiB, 2 min left',
  ],
  ['Unwell: its answer was secret', 'Unwell'],
  ['Killed by SIGKILL: secret', 'Killed by SIGKILL'],
  ['Not ready within 900 s (loadTimeoutSeconds)', 'Not ready within 900 s (loadTimeoutSeconds)'],
  ['Its job was requeued and is at run 2', 'Its job was requeued and is at run 2'],
  ['Cannot run fast here: "/home/ai/secret" is not executable', null],
  [null, null],
])('of the message %j it shows %j', (message, shown) => {
  expect(publicMessage(message)).toBe(shown)
})

it('is bounded, and counts what it leaves out', () => {
  const models = Array.from({ length: 100 }, (_, index) => `model-${index}-${'x'.repeat(100)}`)
  const many = Array.from({ length: 2_000 }, (_, job) => ({
    ...replica,
    job: String(job),
    endpoint: { ...endpoint, models },
  }))
  const text = formatSummary(report(...many), frame)
  expect(Buffer.byteLength(text)).toBeLessThan(MAX_SUMMARY_BYTES)
  const summary = published(report(...many))
  const left = summary.tiers[0]?.replicas.length ?? 0
  expect(summary.problems.at(-1)).toBe(`${2_000 - left} replicas are left out because the summary is full`)
})

it.each([
  ['', 'not JSON'],
  ['{"version":2}', 'version 2 is newer than this sluice'],
  ['null', 'not a summary (file: '],
  ['{"version":1}', 'not a summary (gateway: '],
  [
    formatSummary(report(replica), frame).replace('"everySeconds":5', '"everySeconds":-1'),
    'not a summary (everySeconds: ',
  ],
  // No date: to write it would throw.
  [formatSummary(report(waiting), frame).replace('"queuedSince":90', '"queuedSince":1e300'), 'queuedSince: '],
  [formatSummary(report(waiting), frame).replace('"expectedStart":99', '"expectedStart":-1e300'), 'expectedStart: '],
  [`"${'x'.repeat(MAX_SUMMARY_BYTES)}"`, 'more than the '],
])('is not taken on trust: %#', (text, problem) => {
  expect(parseSummary(text)).toEqual({ problem: expect.stringContaining(problem) })
})

it('has lines that a terminal may get', () => {
  const text = formatSummary(report(replica), frame).replace('"m"', '"m\\u001b[2J\\nready"')
  expect(parseSummary(text)).toMatchObject({ tiers: [{ replicas: [{ endpoint: { models: ['m\\nready'] } }] }] })
})

it('is what a reader takes, whatever the endpoint files may hold', () => {
  const models = ['m'.repeat(MAX_MODEL_NAME)]
  expect(published(report({ ...replica, endpoint: { ...endpoint, models } }))).toMatchObject({
    tiers: [{ replicas: [{ endpoint: { models } }] }],
  })
})

it('leaves out what no reader takes, and shows the others', () => {
  const odd = { ...replica, job: '9', node: 'n'.repeat(10_000) }
  const summary = published(report(odd, replica))
  expect(summary.tiers[0]?.replicas.map(one => one.job)).toEqual(['7'])
  expect(summary.problems.at(-1)).toBe('1 replicas are left out because the summary is full')
  expect(() => formatSummary(report(replica), { ...frame, everySeconds: -1 })).toThrow('Cannot publish a summary: ')
})

it('has room for its replicas beside many tiers and long problems', () => {
  const one = report(...Array.from({ length: 5_000 }, (_, job) => ({ ...replica, job: String(job) })))
  const tiers = Array.from({ length: 900 }, (_, index) => ({
    ...{ ...report().tiers[0], name: `t${index}`, path: '/', url: `http://${'h'.repeat(100)}` },
    ...{ pending: 0, running: 0, ready: 0, draining: 0, replicas: one.tiers[0]?.replicas.slice(0, 20) ?? [] },
  }))
  const problems = Array.from({ length: 100 }, () => '\u20ac'.repeat(500))
  expect(Buffer.byteLength(formatSummary({ ...one, tiers, problems }, frame))).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
})

it.each([
  ['Address already in use: --api-key sk-secret', undefined],
  ['Port 8080 of secret', undefined],
  ['Address 10.0.0.3 is not one of node "n1" (10.9.9.9)', 'Address 10.0.0.3 is not one of node "n1"'],
  ["Address 10.0.0.3:8080 is the gateway's own", "Address 10.0.0.3:8080 is the gateway's own"],
  ['Slurm says that job 7 is COMPLETING', 'Slurm says that job 7 is COMPLETING'],
  ['Job 7 runs on "n1", not on "n2"', 'Job 7 runs on "n1", not on "n2"'],
])('of why it is not routed, %j, it shows %j', (reason, shown) => {
  const notRouted = [`not routed by main: ${reason}`]
  const { tiers } = published(report({ ...replica, endpoint: { ...endpoint, notRouted } }))
  const found = tiers[0]?.replicas[0]?.endpoint
  expect(found).toHaveProperty('state')
  expect(Object(found).notRouted).toEqual(shown === undefined ? undefined : [`not routed by main: ${shown}`])
})
