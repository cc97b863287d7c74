import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { findNginx } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { signal } from '../../../src/adapters/system/processes.ts'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import type { RoutesFile } from '../../../src/core/domain/routes-file.ts'
import { until } from '../../support/until.ts'
import { asUser, userArgv } from '../cluster/as-user.ts'
import { MODELS_DIRECTORY, RUNTIME_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'

/** The model that every replica of a test site has loaded: megabytes, thousands of tokens a second. */
export const FAST_MODEL = 'strand-rust-coder-14b-q8_0'
/** Some 70 tokens a second on a core of its own: answers whose length in seconds the number of tokens decides. */
export const SLOW_MODEL = 'OR1-Behemoth-72B-Q4_K_M'

const REPOSITORY = join(import.meta.dirname, '../../..')
export const SLUICE = [process.execPath, join(REPOSITORY, 'dist/sluice.cjs')] as const
export const GATEWAY = 'http://127.0.0.1:8080'
const PATIENCE = { timeoutMs: 60_000 }

/** A site on the lab's cluster: a configuration, an updater and its nginx, and the jobs that tests submit. */
export interface Site {
  readonly configFile: string
  /** Runs `sluice …` as the site's account. */
  sluice(...argv: string[]): ReturnType<typeof asUser>
  submit(tier: string, count: number): Promise<string[]>
  startUpdater(): Promise<void>
  /** Returns when it has ended. */
  stopUpdater(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  updaterPid(): number
  /** What the updater that was started last has printed. */
  updaterSaid(): Promise<string>
  endpoints(): Promise<Endpoint[]>
  /** The ids that the running nginx may reach: they stand in routes/ before they are served, and after. */
  routed(tier?: string): Promise<string[]>
  /** The ids of the last generation of which nginx was seen to serve it. */
  served(tier?: string): Promise<string[]>
  /** The number of that generation; routes/ tells it only later. */
  generation(): Promise<string>
  /** Waits until exactly so many endpoints are ready and routed, and returns them sorted by id. */
  serving(count: number, tier?: string): Promise<Endpoint[]>
  /** What a writer of events has recorded: a replica's id, or `updater-main`. */
  events(writer: string): Promise<SiteEvent[]>
  /** The counter of a replica's last beat. */
  beat(replica: string): Promise<number>
  /** Ends its jobs, the updater and nginx, and empties the shared directory. */
  close(): Promise<void>
}

export interface SiteEvent {
  readonly at: string
  readonly event: string
  readonly [detail: string]: unknown
}

export const FAST_TIER = {
  engine: 'llama.cpp',
  path: '/',
  router: { modelsDir: MODELS_DIRECTORY, modelsMax: 2, preload: [FAST_MODEL] },
  args: { threads: 1 },
  slurm: { jobName: 'llama-14b', partition: 'gpu_ai', qos: 'ai_opportunistic', gpus: 3, mem: '1G' },
}

/** Three GPUs of four for each replica, so that each has a node of its own. */
export async function openSite(
  tiers: Record<string, object> = { fast: FAST_TIER },
  change: object = {},
): Promise<Site> {
  const directory = await mkdtemp('/tmp/site-')
  await chmod(directory, 0o755)
  const configFile = join(directory, 'sluice.yaml')
  const config = {
    site: 'beefcake2',
    shared: SHARED_DIRECTORY,
    runtime: RUNTIME_DIRECTORY,
    gateway: { listen: 8080, networks: ['10.77.0.0/24'] },
    timing: { squeueSeconds: 2 },
    tiers,
    ...change,
  }
  await writeFile(configFile, stringify(config))
  const sluice = (...argv: string[]) => asUser('ai', [...SLUICE, ...argv])
  await sluice('install', '--to', RUNTIME_DIRECTORY)
  let updater: ChildProcess | undefined
  let starts = 0
  const logFileOf = (start: number) => join(directory, `updater-${start}.log`)

  const site: Site = {
    configFile,
    sluice,
    async submit(tier, count) {
      const { stdout } = await sluice('submit', tier, '--count', String(count), '--config', configFile, '--json')
      return JSON.parse(String(stdout)).jobs.map((job: { id: string }) => job.id)
    },
    async startUpdater() {
      starts += 1
      const logFile = logFileOf(starts)
      const [program, ...argv] = userArgv('ai', [
        join(RUNTIME_DIRECTORY, 'current/sluice'),
        'updater',
        '--config',
        configFile,
      ])
      updater = spawn(program, argv, { stdio: ['ignore', 'inherit', 'pipe'] })
      updater.stderr?.pipe(createWriteStream(logFile))
      await until(
        'the updater to serve',
        async () => {
          const log = await readFile(logFile, 'utf8')
          // nginx may be answering from before: it outlives updaters.
          if (updater?.exitCode !== null || !log.includes('"updater started"')) return log
          return (await fetch(`${GATEWAY}/health`)).status
        },
        { ...PATIENCE, holds: seen => typeof seen === 'number' },
      )
    },
    async stopUpdater(signal) {
      const ending = updater
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
      const ended = new Promise(resolve => ending.once('exit', resolve))
      ending.kill(signal)
      await ended
    },
    updaterPid: () => updater?.pid ?? 0,
    updaterSaid: () => readFile(logFileOf(starts), 'utf8'),
    async endpoints() {
      const directory = join(SHARED_DIRECTORY, 'endpoints')
      const names = (await readdir(directory).catch(() => [])).filter(name => /^[a-z].*\.json$/.test(name)).sort()
      const texts = await Promise.all(names.map(name => readFile(join(directory, name), 'utf8').catch(() => '')))
      return texts.flatMap(text => {
        try {
          return [JSON.parse(text)]
        } catch {
          return [] // a file that a test broke on purpose, or one that has just gone
        }
      })
    },
    async routed(tier = 'fast') {
      const text = await readFile(join(SHARED_DIRECTORY, 'routes/main.json'), 'utf8')
      const routes: RoutesFile = JSON.parse(text)
      return routes.tiers[tier] ?? []
    },
    async served(tier = 'fast') {
      const model: GatewayModel = JSON.parse(await readFile(join(GATEWAY_DIRECTORY, 'good/model.json'), 'utf8'))
      return model.tiers.find(one => one.name === tier)?.servers.map(one => one.id) ?? []
    },
    generation: async () => basename(await readlink(join(GATEWAY_DIRECTORY, 'good'))),
    async serving(count, tier = 'fast') {
      const seen = await until(
        `${count} replicas of ${tier} to serve`,
        async () => ({
          ready: (await site.endpoints()).filter(isReady(tier)),
          routed: await site.routed(tier),
          served: await site.served(tier),
        }),
        {
          ...PATIENCE,
          holds: ({ ready, routed, served }) =>
            ready.length === count && sameIds(ready, routed) && sameIds(ready, served),
        },
      ).catch(async cause => {
        // The lab is gone when somebody reads of it.
        const said = await site.updaterSaid().catch(() => 'none was started\n')
        throw new Error(
          `${cause.message}; its updater said last:\n${said.trimEnd().split('\n').slice(-20).join('\n')}`,
          {
            cause,
          },
        )
      })
      return seen.ready
    },
    async events(writer) {
      const text = await readFile(join(SHARED_DIRECTORY, `events/${writer}.jsonl`), 'utf8').catch(() => '')
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line))
    },
    beat: async replica => JSON.parse(await readFile(join(SHARED_DIRECTORY, `beats/${replica}.json`), 'utf8')).beat,
    async close() {
      await execa('scancel', ['--user=ai'])
      await execa('scancel', ['--user=vasp'])
      await until('an empty queue', async () => (await execa('squeue', ['-h'])).stdout === '', PATIENCE)
      await site.stopUpdater('SIGTERM')
      await stopNginx()
      for (const name of await readdir(SHARED_DIRECTORY)) await rm(join(SHARED_DIRECTORY, name), { recursive: true })
      await rm(STATE_DIRECTORY, { recursive: true, force: true })
    },
  }
  return site
}

const STATE_DIRECTORY = '/home/ai/.local/state/sluice'
/** Where the private nginx runs. */
export const GATEWAY_DIRECTORY = join(STATE_DIRECTORY, 'beefcake2/main')

/** The pid of the private nginx's master. */
export function nginxPid(): number | undefined {
  return findNginx(GATEWAY_DIRECTORY).find(one => one.role === 'master')?.pid
}

async function stopNginx(): Promise<void> {
  for (const { pid } of findNginx(GATEWAY_DIRECTORY)) signal(pid, 'SIGTERM')
  await until('nginx to end', () => findNginx(GATEWAY_DIRECTORY).length === 0, PATIENCE)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function isReady(tier: string) {
  return (endpoint: Endpoint) => endpoint.tier === tier && endpoint.state === 'ready'
}

function sameIds(endpoints: readonly Endpoint[], ids: readonly string[]): boolean {
  return JSON.stringify(endpoints.map(one => one.id).sort()) === JSON.stringify([...ids].sort())
}
