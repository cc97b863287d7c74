import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { until } from '../../support/until.ts'

export const BUNDLE = join(import.meta.dirname, '../../../dist/sluice.cjs')
const PATIENCE = { timeoutMs: 60_000 }

/** A `sluice up` whose temporary, shared and state directories are its own, so that what it leaves can be found. */
export interface UpProcess {
  readonly pid: number
  /** What it has printed, standard error too. */
  readonly lines: readonly string[]
  /** Waits for a line with this text, and returns it. */
  said(text: string): Promise<string>
  signal(name: NodeJS.Signals): void
  /** The exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  /** Temporary files of it, and processes that name one in their arguments or environment. */
  left(): Promise<readonly string[]>
}

/** Another place for each of a test's runs, or one for two runs that follow each other. */
export async function makePlace(): Promise<string> {
  const place = await mkdtemp('/tmp/up-')
  for (const name of ['tmp', 'shared', 'state']) await mkdir(join(place, name))
  return place
}

/** The text of a sluice.yaml whose directories lie in the place. */
export function configIn(place: string, change: { listen: number; tiers: object }): string {
  return stringify({
    ...{ site: 'one', shared: join(place, 'shared'), runtime: place, tiers: change.tiers },
    gateway: { listen: change.listen, networks: ['127.0.0.0/8'], state: join(place, 'state') },
  })
}

export function startUp(place: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): UpProcess {
  const child: ChildProcess = spawn(process.execPath, [BUNDLE, 'up', ...argv], {
    cwd: place,
    env: { ...process.env, ...env, TMPDIR: join(place, 'tmp') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', line => lines.push(line))
  }
  const ended = new Promise<number | NodeJS.Signals | null>(resolve =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  // A test that failed on the way must not leave its ports to the next.
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGINT')
    await ended
  })
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    signal: name => void child.kill(name),
    said: text =>
      until(`"${text}"`, () => lines.find(line => line.includes(text)) ?? lines, {
        ...PATIENCE,
        holds: seen => typeof seen === 'string',
      }).then(String),
    left: async () => [...(await readdir(join(place, 'tmp'))), ...(await processesNaming(place))],
  }
}

async function processesNaming(place: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async pid => {
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '') // it has ended
      const argv = await read('cmdline')
      return `${argv}\0${await read('environ')}`.includes(place) ? [`${pid} ${argv.replaceAll('\0', ' ')}`] : []
    }),
  )
  return found.flat()
}
