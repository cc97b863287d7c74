import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { runUpdater } from '../../../src/programs/updater/run.ts'

const RUNS = 20

afterEach(() => void vi.unstubAllGlobals())

// What a SIGHUP does: the run ends, and another begins in the same process.
it('leaves no thread and no open file behind, however often sluice.yaml is read again', async () => {
  vi.stubGlobal('VERSION', '0.0.0')
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const { config, problems } = parseConfig(SITE.replaceAll('SHARED', shared), 'sluice.yaml')
  if (config === undefined) throw new Error(JSON.stringify(problems))
  await runOnce(config)
  const before = await held()
  for (let run = 0; run < RUNS; run += 1) await runOnce(config)
  await vi.waitFor(async () => {
    const { threads, files } = await held()
    expect(threads).toBeLessThan(before.threads + RUNS / 2)
    expect(files).toBeLessThan(before.files + RUNS / 2)
  }, 180_000)
})

async function runOnce(config: NonNullable<ReturnType<typeof parseConfig>['config']>): Promise<void> {
  const over = new AbortController()
  await runUpdater({
    config,
    gateway: {
      running: async () => undefined,
      endStreams: async () => ({ ended: 0 }),
      apply: async () => ({ status: 'failed', step: 'test', message: 'there is no nginx here', restored: true }),
    },
    slurm: undefined,
    print: () => undefined,
    alive: () => over.abort('SIGHUP'), // it has scanned once
    signal: over.signal,
  })
}

async function held(): Promise<{ threads: number; files: number }> {
  const [threads, files] = await Promise.all([readdir('/proc/self/task'), readdir('/proc/self/fd')])
  return { threads: threads.length, files: files.length }
}

const SITE = `site: test
shared: SHARED
runtime: /opt/sluice/current
gateway:
  name: main
  listen: 8080
  networks: [127.0.0.0/8]
tiers:
  fast:
    path: /
    engine: llama.cpp
    model: { name: m, file: /models/m.gguf }
    gpu: { arch: sm70 }
    slurm: { gpus: 1 }
`
