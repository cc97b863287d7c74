import { expect, it } from 'vitest'
import type { EndpointStatus, ReplicaStatus, StatusReport } from '../../../src/core/status/status.ts'
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
  ['Its job was requeued: run 2 is on', 'Its job was requeued: run 2 is on'],
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
  expect(summary.problems.at(-1)).toBe(`${2_000 - left} replicas are left out for want of room`)
})

it.each([
  ['', 'not JSON'],
  ['{"version":2}', 'version 2 is newer than this sluice'],
  ['null', 'not a summary (file: '],
  ['{"version":1}', 'not a summary (gateway: '],
  [formatSummary(report(replica), { ...frame, everySeconds: -1 }), 'not a summary (everySeconds: '],
  [`"${'x'.repeat(MAX_SUMMARY_BYTES)}"`, 'more than the '],
])('is not taken on trust: %#', (text, problem) => {
  expect(parseSummary(text)).toEqual({ problem: expect.stringContaining(problem) })
})

it('has lines that a terminal may get', () => {
  const text = formatSummary(report(replica), frame).replace('"m"', '"m\\u001b[2J\\nready"')
  expect(parseSummary(text)).toMatchObject({ tiers: [{ replicas: [{ endpoint: { models: ['m\\nready'] } }] }] })
})
