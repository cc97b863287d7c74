import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { createEngineEffects } from '../../../src/adapters/engine/engine-effects.ts'
import { sealPrefix } from '../../../src/adapters/engine/seal-term.ts'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import type { ReplicaSpec } from '../../../src/core/domain/replica-spec.ts'
import { ENGINES } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'
import { until } from '../../support/until.ts'

const WAIT = { timeoutMs: 20_000 }
let engines = 0

/** Node undoes each block and ignore when it starts, here and in the child; both leave with a word when they hear TERM. */
const SERVER = `
process.on('SIGTERM', () => { console.log('heard'); process.exit(0) })
const http = require('node:http')
const { spawn } = require('node:child_process')
if (process.env.CHILD) setInterval(() => {}, 60_000)
else {
  spawn(process.execPath, ['-e', process.env.SCRIPT], { env: { ...process.env, CHILD: '1' }, stdio: 'inherit' })
  http.createServer((_, answer) => answer.end('ok')).listen(Number(process.argv[1]), process.argv[2])
}
`

async function startNode(change: { custom?: { setuid: true }; container?: never }, termReachesAll: boolean) {
  engines += 1
  const marker = `SLUICE_ENDPOINT=sealed-${process.pid}-${engines}`
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-sealed-'))
  const own: ReplicaSpec = {
    ...{ ...spec, engine: 'custom', command: process.execPath, args: [], env: { SCRIPT: SERVER } },
    model: { name: 'mine', file: '/' },
    custom: { args: ['-e', SERVER, '{port}', '{address}'], healthPath: '/', serves: [], ...change.custom },
  }
  const effects = createEngineEffects({
    ...{ engine: ENGINES.custom, spec: own, env: process.env, self: [], marker, scratch, node: 'here' },
    ...{ logName: 'engine', termReachesAll },
  })
  const engine = await effects.start()
  await until('it serves', () => engine.health(), { ...WAIT, holds: health => health.kind === 'ready' })
  /** The server and its child, once both have said what they do with TERM. */
  const hearing = async () => {
    const found = await findMarked(marker)
    const status = await Promise.all(found.map(one => readFile(`/proc/${one.pid}/status`, 'utf8').catch(() => '')))
    return found.flatMap(({ pid }, index) => {
      const set = (name: string) =>
        (Number.parseInt(status[index]?.match(`${name}:\\s+\\w+(\\w{4})`)?.[1] ?? '0', 16) & 0x4000) > 0
      return /^Name:\s+(node|MainThread)/.test(status[index] ?? '')
        ? [{ pid, ignores: set('SigIgn'), hears: set('SigCgt') }]
        : []
    })
  }
  const settled = await until('both', hearing, {
    ...WAIT,
    holds: all => all.length === 2 && all.every(one => one.hears || one.ignores),
  })
  return { engine, marker, settled, log: () => readFile(join(scratch, 'engine.log'), 'utf8') }
}

it('keeps TERM from an engine in Node and from what it starts, where Slurm sends it to all', async () => {
  const { engine, marker, settled, log } = await startNode({}, true)
  expect(settled.map(({ ignores, hears }) => ({ ignores, hears }))).toEqual(
    Array.from({ length: 2 }, () => ({ ignores: true, hears: false })),
  )
  for (const { pid } of settled) process.kill(pid, 'SIGTERM')
  expect((await engine.health()).kind).toBe('ready')
  expect(await log()).not.toContain('heard')
  await engine.stop()
  expect(await findMarked(marker)).toEqual([])
})

it.each([
  ['where Slurm sends TERM to its own children alone', {}, false],
  ['that starts setuid programs', { custom: { setuid: true } }, true],
] as const)('leaves an engine %s as it is', async (_, change, termReachesAll) => {
  const { engine, settled } = await startNode(change, termReachesAll)
  expect(settled.map(one => one.hears)).toEqual([true, true])
  await engine.stop()
})

/** What a sealed program finds: its ignored signals, and its environment. */
async function sealed(more: Readonly<Record<string, string>>) {
  const env = { PATH: process.env['PATH'] ?? '', ...more }
  const { words, why } = await sealPrefix(env)
  const [program = '', ...argv] = [...words, 'sh', '-c', 'grep SigIgn /proc/self/status; env']
  const { stdout, stderr } = await execa(program, argv, { env, extendEnv: false })
  return { why, stderr, ignored: Number.parseInt(/^SigIgn:\s+(\w+)/m.exec(stdout)?.[1] ?? '', 16), stdout }
}

it('changes TERM and nothing else of what a program starts with', async () => {
  const { why, ignored, stdout } = await sealed({ A: 'a b', NODE_PATH: '/x' })
  expect({ why, ignored }).toEqual({ why: undefined, ignored: 1 << 14 })
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['A=a b', 'NODE_PATH=/x']))
})

it.each([
  ['that it does not know', '--of-another-node'],
  ['that would load something', '--require /nowhere.cjs'],
])('leaves options for the Node of the engine to it, those %s too', async (_, options) => {
  const { why, stderr, stdout } = await sealed({ NODE_OPTIONS: options })
  expect({ why, stderr }).toEqual({ why: undefined, stderr: '' })
  expect(stdout.split('\n')).toContain(`NODE_OPTIONS=${options}`)
})
