import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../../src/adapters/engine/process/address.ts'
import { listProcesses, readCommandLine } from '../../src/adapters/system/processes.ts'
import { InferenceServer, ServerError } from '../../src/library/inference-server.ts'
import { until } from '../support/until.ts'
import { openResults, say } from './results.ts'
import { summarize } from './statistics.ts'

// Servers started and ended by the library, killed at random: what is left of them, and how soon a crash is told. Needs no
// lab. Prints as it goes, writes `cycles` of bench/engines.json. With --owner PORT --directory DIR it is the owner of one server, to be killed.
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    owner: { type: 'string' },
    directory: { type: 'string' },
  },
})
const SMALL = join(import.meta.dirname, '../fixtures/servers/small-engine')
const PATIENCE = { timeoutMs: 10_000, intervalMs: 10 }

class SmallServer extends InferenceServer {
  override backendName() {
    return 'small'
  }
  override launchCommand() {
    return [SMALL, '--host', this.host, '--port', String(this.port)]
  }
}

const outputDir = values.directory ?? (await mkdtemp(join(tmpdir(), 'sluice-cycles-')))

async function own(port: number): Promise<void> {
  await new SmallServer({ model: 'm', port, outputDir, envVars: { SMALL_CHILDREN: 4 } }).start()
  console.log('ready')
}

/** What may happen to a server, and how it is told: the milliseconds from its end to the word of it, where it is a crash. */
type Cycle = (server: SmallServer, random: () => number) => Promise<number | undefined>

const CYCLES: Readonly<Record<string, { readonly variables?: (random: () => number) => object; readonly run: Cycle }>> =
  {
    'stopped when ready': {
      async run(server) {
        await server.start()
        await server.stop()
        return undefined
      },
    },
    'stopped while it starts': {
      variables: () => ({ SMALL_LOAD_MS: 60_000 }),
      async run(server, random) {
        const started = server.start().catch(() => undefined)
        await sleep(random() * 300)
        await server.stop()
        await started
        return undefined
      },
    },
    'killed while it starts': {
      variables: () => ({ SMALL_LOAD_MS: 60_000 }),
      async run(server, random) {
        const told = whenTold(server.start())
        await until('it runs', () => server.pid !== undefined, PATIENCE)
        await sleep(random() * 300)
        const killed = Date.now()
        process.kill(server.pid ?? 0, 'SIGKILL')
        return (await told).at - killed
      },
    },
    'crashed while it starts': {
      variables: random => ({
        SMALL_LOAD_MS: 60_000,
        SMALL_CRASH_MS: Math.round(random() * 300),
        SMALL_EXIT_CODE: random() < 0.5 ? 0 : 1,
      }),
      async run(server) {
        const { at, error } = await whenTold(server.start())
        const crashed = /out of memory at (\d+)$/.exec(error.lastLines ?? '')?.[1]
        if (crashed === undefined) throw error
        return at - Number(crashed)
      },
    },
    'killed when ready': {
      async run(server) {
        await server.start()
        process.kill(server.pid ?? 0, 'SIGKILL')
        await until('it has failed', () => server.state === 'failed', PATIENCE)
        return undefined
      },
    },
    'a child killed, then stopped': {
      async run(server, random) {
        await server.start()
        const children = await ownProcesses(server.port)
        const one = children[Math.floor(random() * children.length)]
        if (one === undefined) throw new Error('The bench does not see the server that it counts')
        process.kill(one.pid, 'SIGKILL')
        await server.stop()
        return undefined
      },
    },
    'its owner killed': {
      async run({ port }, random) {
        const argv = [import.meta.filename, '--owner', String(port), '--directory', outputDir]
        const owner = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
        await new Promise(resolve => owner.stdout.once('data', resolve))
        await sleep(random() * 100)
        owner.kill('SIGKILL')
        await until('the watcher has ended all of it', async () => (await ownProcesses(port)).length === 0, PATIENCE)
        return undefined
      },
    },
  }

async function runCycles() {
  const random = seeded(Number(values.seed))
  const names = Object.keys(CYCLES)
  const told: number[] = []
  const counts: Record<string, number> = {}
  let left = 0
  for (let index = 0; index < Number(values.cycles); index += 1) {
    const name = names[Math.floor(random() * names.length)] ?? ''
    const cycle = CYCLES[name]
    if (cycle === undefined) continue
    const port = await freePort('127.0.0.1')
    const envVars = { SMALL_CHILDREN: Math.floor(random() * 6), ...cycle.variables?.(random) }
    const debugMode = random() < 0.5
    const server = new SmallServer({ model: 'm', port, outputDir, envVars, debugMode, heartbeatInterval: 0.5 })
    const ms = await cycle.run(server, random)
    if (ms !== undefined) told.push(ms)
    const remains = await ownProcesses(port)
    left += remains.length
    counts[name] = (counts[name] ?? 0) + 1
    for (const { pid, title } of remains) say(`left by "${name}": ${pid} ${title}`)
    if (index % 20 === 19) say(`${index + 1} cycles, ${left} processes left`)
  }
  const { p50Ms, maxMs, n } = summarize(told)
  return { cycles: Number(values.cycles), counts, left, crashTold: { n, p50Ms, maxMs } }
}

async function whenTold(started: Promise<unknown>): Promise<{ at: number; error: ServerError }> {
  const error = await started.catch((reason: unknown) => reason)
  if (!(error instanceof ServerError)) throw new Error(`The server did not fail: ${error}`)
  return { at: Date.now(), error }
}

/** By the port in their words, which the engine and each of its children have, wherever they went. */
async function ownProcesses(port: number): Promise<{ pid: number; title: string }[]> {
  const rows = await Promise.all(
    (await listProcesses()).map(async ({ pid }) => ({ pid, title: (await readCommandLine(pid)).join(' ') })),
  )
  const words = new RegExp(`small-engine .*--port ${port}|sleep 600\\.${port}\\b|SLUICE_SERVER=small-${port}-`)
  return rows.filter(({ title }) => words.test(title))
}

/** The same run of random numbers for a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

if (values.owner === undefined) {
  const { measure } = await openResults('engines')
  await measure('cycles', runCycles)
  await rm(outputDir, { recursive: true, force: true })
} else await own(Number(values.owner))
