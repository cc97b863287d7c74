import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { asUser } from '../cluster/as-user.ts'
import { MODELS_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, startClients } from '../site/clients.ts'
import { FAST_MODEL, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const FAKES = '/scratch/ai/fakes'
/** The node's other GPUs are another job's. */
const NODE = 'vasp-01'

const tier = (command: string, path: string) => ({
  engine: 'llama.cpp',
  path,
  command,
  tensorParallel: 1,
  model: { name: FAST_MODEL, file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) },
  args: { threads: 1 },
  slurm: { partition: 'gpu_ai', gpus: 2, mem: '1G', nodelist: NODE },
})

let site: Site
let other: string

beforeAll(async () => {
  await mkdir(FAKES, { recursive: true })
  // The one with the node's last GPU.
  const last = 'case $CUDA_VISIBLE_DEVICES in 3)'
  await writeFile(
    join(FAKES, 'slow'),
    `#!/bin/sh\n${last} while [ ! -e ${FAKES}/go ]; do sleep 0.1; done;; esac\nexec llama-server "$@"\n`,
    { mode: 0o755 },
  )
  await writeFile(
    join(FAKES, 'broken'),
    `#!/bin/sh\n${last} echo "no such GPU"; exit 1;; esac\nexec llama-server "$@"\n`,
    { mode: 0o755 },
  )
  site = await openSite({
    pair: tier('llama-server', '/'),
    slow: tier(join(FAKES, 'slow'), '/slow/'),
    broken: tier(join(FAKES, 'broken'), '/broken/'),
  })
  await site.startUpdater()
  const wish = [
    '--parsable',
    '--partition=gpu_ai',
    '--gpus-per-node=2',
    '--mem=1G',
    `--nodelist=${NODE}`,
    '--no-requeue',
  ]
  other = (await asUser('ai', ['sbatch', ...wish, '--output=/dev/null', '--wrap=exec sleep 600'])).stdout.trim()
  await until('it to run', async () => (await showJob(other))['JobState'] === 'RUNNING', PATIENCE)
})
afterAll(async () => {
  await cancel(other)
  await site.close()
})

describe('several engines in one job', () => {
  it('one that loads for long holds nobody up', async () => {
    const [jobId] = await site.submit('slow', 1)
    const [first] = await site.serving(1, 'slow')
    expect(first?.id).toBe(`slow-${jobId}-0-0`)
    expect((await site.endpoints()).map(one => one.state)).toEqual(['ready', 'loading'])
    await writeFile(join(FAKES, 'go'), '')
    expect((await site.serving(2, 'slow')).length).toBe(2)
    await cancel(jobId ?? '')
    await until('their files to go', async () => (await site.endpoints()).length === 0, PATIENCE)
  })

  it('one that cannot run is said to have failed, and the job stays for the others', async () => {
    const [jobId = ''] = await site.submit('broken', 1)
    await site.serving(1, 'broken')
    const failed = await until('its failure', async () => (await site.endpoints()).find(one => one.id.endsWith('-1')), {
      ...PATIENCE,
      holds: one => one?.state === 'failed',
    })
    expect(failed?.message).toContain('no such GPU')
    expect(await showJob(jobId)).toMatchObject({ JobState: 'RUNNING' })
    expect(await site.served('broken')).toEqual([`broken-${jobId}-0-0`])
    await cancel(jobId)
    await until('both files to go', async () => (await site.endpoints()).length === 0, PATIENCE)
  })

  it('have a GPU, an address and a beat each, and are served side by side', async () => {
    const [jobId] = await site.submit('pair', 1)
    const endpoints = await site.serving(2, 'pair')
    expect(endpoints.map(one => one.id)).toEqual([`pair-${jobId}-0-0`, `pair-${jobId}-0-1`])
    expect(new Set(endpoints.map(one => one.url)).size).toBe(2)
    expect(await Promise.all(endpoints.map(gpusOf))).toEqual(['2', '3'])
    const beats = join(SHARED_DIRECTORY, `beats/pair-${jobId}-0.json`)
    const beat = await until('their beat', () => readFile(beats, 'utf8').then(text => JSON.parse(text)), PATIENCE)
    expect(Object.keys(beat.endpoints)).toEqual(endpoints.map(one => one.id))
  })

  it('fail each on its own: one is killed, and the other goes on', async () => {
    const [victim, neighbour] = await site.serving(2, 'pair')
    const load = startClients(2, [{ model: FAST_MODEL, tokens: 50, stream: false }])
    process.kill(victim?.processes[0]?.pid ?? 0, 'SIGKILL')
    await until('its withdrawal', async () => !(await site.served('pair')).includes(victim?.id ?? ''), PATIENCE)
    const again = await until('its return', async () => (await site.endpoints()).find(one => one.id === victim?.id), {
      ...PATIENCE,
      holds: one => one?.state === 'ready' && one.processes[0]?.pid !== victim?.processes[0]?.pid,
    })
    await load.stop()
    expect(await gpusOf(again as Endpoint)).toBe('2')
    expect((await site.endpoints()).find(one => one.id === neighbour?.id)).toEqual(neighbour)
  })

  it('drain together, lose no request, and come back together', async () => {
    const before = await site.serving(2, 'pair')
    const load = startClients(4, [{ model: FAST_MODEL, tokens: 200, stream: true }])
    await until('answers', () => load.outcomes.length > 8, PATIENCE)
    const preemptor = await preempt(NODE)
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    const outcomes = await load.stop()
    // Nobody else serves this tier meanwhile: what finds nobody is refused, never broken.
    expect(lostOf(outcomes).filter(one => one.begun)).toEqual([])
    const events = await site.events(replicaOf(before[0]?.id ?? ''))
    expect(events.filter(one => one.event === 'drained').map(one => [one['id'], one['outcome']])).toEqual(
      expect.arrayContaining(before.map(one => [one.id, 'idle'])),
    )
    await cancel(preemptor)
    const back = await site.serving(2, 'pair')
    expect(back.map(one => one.job.restarts)).toEqual([1, 1])
  })
})

async function gpusOf({ processes }: Endpoint): Promise<string | undefined> {
  const environment = await readFile(`/proc/${processes[0]?.pid}/environ`, 'utf8')
  return /^CUDA_VISIBLE_DEVICES=(.*)$/m.exec(environment.replaceAll('\0', '\n'))?.[1]
}
