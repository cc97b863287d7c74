import { spawn } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Endpoint, formatEndpoint } from '../../src/core/domain/endpoint.ts'
import { asUser } from '../lab/cluster/as-user.ts'
import { SHARED_DIRECTORY } from '../lab/cluster/directories.ts'
import { nodeArgv } from '../lab/cluster/on-node.ts'
import { showJob } from '../lab/cluster/slurm-view.ts'
import { GATEWAY, openSite } from '../lab/site/site.ts'
import { until } from '../support/until.ts'
import { summarize } from './statistics.ts'

const PATIENCE = { timeoutMs: 60_000 }
const PORT = 9_000
const POLL_MS = 5
/** An addition comes more than a second after the change before it: those within one second are put together. */
const APART_MS = 1_100

/**
 * From the rename of a file that says ready to the first 200 on a fresh connection, polled every 5 ms. The job is a real
 * one; its engine is a server that answers at once, and its file is written here, to know the moment.
 */
export async function benchFreshness(changes: number, watch: boolean, report: (line: string) => void) {
  const site = await openSite(undefined, { watch })
  await site.startUpdater()
  const { stdout } = await asUser('ai', [
    'sbatch',
    '--parsable',
    '-p',
    'gpu_ai',
    '-o',
    '/dev/null',
    '--wrap',
    'sleep 7200',
  ])
  const id = String(stdout).trim()
  const job = await until('the job to run', () => showJob(id), {
    ...PATIENCE,
    holds: seen => seen['JobState'] === 'RUNNING',
  })
  const node = job['BatchHost'] ?? ''
  const address = (await asUser('ai', ['getent', 'ahostsv4', node])).stdout?.toString().split(/\s+/)[0] ?? ''
  const [program, ...argv] = nodeArgv(node, [
    process.execPath,
    '-e',
    `require('http').createServer((q,r)=>r.end('ok')).listen(${PORT})`,
  ])
  const engine = spawn(program, argv, { stdio: 'ignore' })

  const endpoint: Endpoint = {
    version: 1,
    id: `fast-${id}-0-0`,
    tier: 'fast',
    engine: 'llama.cpp',
    state: 'loading',
    url: `http://${address}:${PORT}`,
    models: [],
    serves: [],
    job: { id, restarts: 0, name: 'bench', node },
    processes: [],
    since: new Date().toISOString(),
    message: null,
  }
  const samples: number[] = []
  for (let n = 0; n < changes; n += 1) {
    await write({ ...endpoint, state: 'loading' })
    // Not a 503 alone: that may be an older worker's last word, and the withdrawal still to come.
    await until('nobody to serve', async () => !(await site.routed()).includes(endpoint.id) && (await get()) === 503, {
      ...PATIENCE,
      intervalMs: 20,
    })
    await sleep(APART_MS + 200 * Math.random())
    const beside = await write({ ...endpoint, state: 'ready' }, false)
    const startedAt = performance.now()
    await rename(beside, fileOf(endpoint.id))
    await until('a first answer', get, { ...PATIENCE, intervalMs: POLL_MS, holds: status => status === 200 })
    samples.push(performance.now() - startedAt)
    if ((n + 1) % 20 === 0) report(`${n + 1}/${changes} changes, ${watch ? 'events' : 'scanning'}`)
  }
  engine.kill()
  await site.close()
  return { watch, readyToFirst200: summarize(samples) }

  async function write(one: Endpoint, andRename = true): Promise<string> {
    const beside = join(SHARED_DIRECTORY, 'endpoints', `.${one.id}.tmp`)
    await asUser('ai', ['tee', beside], { input: formatEndpoint(one) })
    if (andRename) await rename(beside, fileOf(one.id))
    return beside
  }
}

function fileOf(id: string): string {
  return join(SHARED_DIRECTORY, 'endpoints', `${id}.json`)
}

/** The status of one request on a connection of its own. */
async function get(): Promise<number> {
  const answer = await fetch(`${GATEWAY}/health`, { headers: { connection: 'close' } })
  await answer.arrayBuffer()
  return answer.status
}
