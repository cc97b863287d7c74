import { setTimeout as sleep } from 'node:timers/promises'
import { makeRegistry } from '../../src/adapters/registry/directories.ts'
import { publishEndpoint, writeBeat } from '../../src/adapters/registry/publish.ts'
import type { Endpoint } from '../../src/core/domain/endpoint.ts'

// The files of so many replicas, as their supervisors would write them: beats all the time, and from SIGUSR2 on now and
// then one that leaves and comes back. `node beating.ts SHARED REPLICAS BEAT_SECONDS CHURN_SECONDS`, until it is ended.
const [shared = '', replicas = '', beatSeconds = '', churnSeconds = ''] = process.argv.slice(2)
const count = Number(replicas)

await makeRegistry(shared)
for (let n = 0; n < count; n += 1) {
  await writeBeat(shared, `fast-${1000 + n}-0`, { version: 1, beat: 0, endpoints: {} })
  await publishEndpoint(shared, endpointOf(n, 'ready'))
}
process.once('SIGUSR2', () => void churn())
for (let beat = 1; ; beat += 1) {
  const startedAt = performance.now()
  for (let n = 0; n < count; n += 1) {
    await writeBeat(shared, `fast-${1000 + n}-0`, { version: 1, beat, endpoints: {} })
    // Spread over the interval, as machines that started at different times are.
    const ahead = startedAt + (n / count) * Number(beatSeconds) * 1_000 - performance.now()
    if (ahead > 5) await sleep(ahead)
  }
  await sleep(Math.max(0, startedAt + Number(beatSeconds) * 1_000 - performance.now()))
}

async function churn(): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    await sleep(Number(churnSeconds) * 500)
    await publishEndpoint(shared, endpointOf(turn % count, 'draining'))
    await sleep(Number(churnSeconds) * 500)
    await publishEndpoint(shared, endpointOf(turn % count, 'ready'))
  }
}

function endpointOf(n: number, state: Endpoint['state']): Endpoint {
  const id = String(1000 + n)
  return {
    version: 1,
    id: `fast-${id}-0-0`,
    tier: 'fast',
    engine: 'llama.cpp',
    state,
    url: `http://10.78.${Math.floor(n / 250)}.${(n % 250) + 1}:8080`,
    models: ['model'],
    serves: ['chat'],
    job: { id, restarts: 0, name: 'fast', node: `sim-${n}` },
    processes: [],
    since: new Date().toISOString(),
    message: null,
  }
}
