import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Endpoint } from '../../src/core/domain/endpoint.ts'
import { MODELS_DIRECTORY } from '../lab/cluster/directories.ts'
import { FAST_MODEL, openSite } from '../lab/site/site.ts'
import { until } from '../support/until.ts'
import { openResults, say } from './results.ts'
import { summarize } from './statistics.ts'

// The numbers of several engines in one job, measured on a node with eight GPUs: `npm run bench:engines`. Writes bench/engines.json.

/** Seconds until the engine with each GPU begins to listen. */
const LOADS = [1, 3, 10, 30, 60, 120, 200, 300]
const FAKES = '/scratch/ai/fakes'
const POLL_MS = 5
const PATIENCE = { timeoutMs: 400_000, intervalMs: 100 }

const { measure } = await openResults('engines')
await measure('eight instances on one node', eightInstances)

async function eightInstances() {
  await mkdir(FAKES, { recursive: true })
  const command = join(FAKES, 'loads-long')
  const loads = LOADS.map((seconds, gpu) => `${gpu}) sleep ${seconds};;`).join(' ')
  await writeFile(command, `#!/bin/sh\ncase $CUDA_VISIBLE_DEVICES in ${loads} esac\nexec llama-server "$@"\n`)
  await chmod(command, 0o755)
  const site = await openSite({
    eight: {
      ...{ engine: 'llama.cpp', path: '/', command, tensorParallel: 1 },
      model: { name: FAST_MODEL, file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) },
      args: { threads: 1 },
      slurm: { partition: 'gpu_ai', gpus: LOADS.length, mem: '1G' },
    },
  })
  await site.startUpdater()
  const [jobId] = await site.submit('eight', 1)
  const loading = await until('all engines to be started', site.endpoints, {
    ...PATIENCE,
    holds: all => all.length === LOADS.length && all.every(one => one.url !== null),
  })
  const delays = await Promise.all(
    loading.map(async (endpoint, index) => {
      const answersAt = await firstAnswer(endpoint)
      await until('it to be served', async () => (await site.served('eight')).includes(endpoint.id), {
        ...PATIENCE,
        intervalMs: POLL_MS,
      })
      const ms = performance.now() - answersAt
      say(`${endpoint.id}, after ${LOADS[index]} s: served ${Math.round(ms)} ms after its first answer`)
      return ms
    }),
  )
  const events = await site.events(`eight-${jobId}-0`)
  const died = events.filter(one => ['engine exited', 'engine unfit', 'failed'].includes(one.event)).length
  await site.close()
  return { instances: LOADS.length, loadSeconds: LOADS, declaredDead: died, answerToServed: summarize(delays) }
}

/** When it answers for the first time, asked every few milliseconds. */
async function firstAnswer({ url }: Endpoint): Promise<number> {
  for (;;) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.status === 200) return performance.now()
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}
