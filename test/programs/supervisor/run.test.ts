import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it, onTestFinished } from 'vitest'
import { openRegistry } from '../../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'
import { spec } from '../../support/replica-spec.ts'
import { runSluice, SLUICE } from '../../support/run-sluice.ts'
import { until } from '../../support/until.ts'

it('says in the shared directory why it could not begin: what it prints stays on its node', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const input = JSON.stringify({ ...spec, shared, command: process.execPath })
  const { code } = await runSluice(['supervise', '--without-slurm', '0'], { input, env: { TMPDIR: '/nowhere' } })
  expect(code).toBe(1)
  const [events = ''] = await readdir(join(shared, 'events'))
  expect(JSON.parse(await readFile(join(shared, 'events', events), 'utf8'))).toMatchObject({
    event: 'failed',
    message: expect.stringMatching(/^Cannot make scratch space in "\/nowhere": .*ENOENT.*TMPDIR/),
  })
}, 180_000)

it('begins whatever the environment names as the log level, and reports a word that is not one', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const input = JSON.stringify({ ...spec, shared, command: process.execPath })
  const env = { TMPDIR: '/nowhere', SLUICE_LOG_LEVEL: 'verbose' }
  const { code } = await runSluice(['supervise', '--without-slurm', '0'], { input, env })
  const [events = ''] = await readdir(join(shared, 'events')).catch(() => [])
  expect([code, events]).toEqual([1, expect.stringMatching(/jsonl$/)])
  const [first = ''] = (await readFile(join(shared, 'events', events), 'utf8')).split('\n')
  expect(JSON.parse(first)).toMatchObject({
    ...{ event: 'trouble', what: 'log level' },
    message: expect.stringMatching(/^Cannot use \$SLUICE_LOG_LEVEL: "verbose"/),
  })
}, 180_000)

it('says in one line what its replica spec lacks, and ends with code 2', async () => {
  const { code, warned } = await runSluice(['supervise'], { input: '{"version":1,"engine":"vllm"}' })
  expect([code, warned]).toEqual([
    2,
    [expect.stringMatching(/^Cannot use the replica spec on standard input: it lacks command, args, env, .*$/)],
  ])
}, 180_000)

it('refuses a request of a kind that it does not know with an event, and goes on until it is asked to drain', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const model = { name: 'demo', file: '/' }
  const [node, , version] = SLUICE
  const input = JSON.stringify({ ...spec, shared, engine: 'demo', model, env: { NODE_OPTIONS: `--import=${version}` } })
  const argv = [...SLUICE.slice(1), 'supervise', '--without-slurm', '0']
  const supervisor = execa(node, argv, { input, env: { TMPDIR: tmpdir() }, reject: false })
  onTestFinished(() => void supervisor.kill('SIGKILL'))
  const id = `fast-${supervisor.pid}-0`
  const registry = openRegistry(shared, createSerialQueue(systemClock, 60_000))
  const events = () => readFile(join(shared, `events/${id}.jsonl`), 'utf8').catch(() => '')
  const see = (text: string) =>
    until(text, events, { timeoutMs: 120_000, holds: all => all.includes(`"event":"${text}"`) })

  await see('ready')
  await writeFile(join(shared, `requests/${id}.json`), JSON.stringify({ version: 1, replica: id, kind: 'reload' }))
  supervisor.kill('SIGURG')
  const refused = (await see('cannot')).trim().split('\n').at(-1) ?? ''
  expect(JSON.parse(refused)).toMatchObject({
    ...{ event: 'cannot', what: 'read a request' },
    error: expect.stringMatching(/^Cannot use the request .*: It is a request of the kind "reload"; this sluice knows/),
  })
  await registry.writeRequest(id, { kind: 'drain', requeue: false, withinSeconds: 0 })
  supervisor.kill('SIGURG')
  expect((await supervisor).exitCode).toBe(0)
  const all = (await events())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).event)
  expect(all.indexOf('draining')).toBeGreaterThan(all.indexOf('cannot'))
  await registry.close()
}, 180_000)
