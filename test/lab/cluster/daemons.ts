import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { until } from '../../support/until.ts'
import { LAB_DIRECTORY } from './cluster-state.ts'
import { SLURM_LOGS } from './directories.ts'

/** A program that goes on when the process that started it ends; its pid is in a file, so that another can end it. */
export type Daemon = { name: string; argv: readonly [string, ...string[]] }

export async function startDaemon({ name, argv: [program, ...rest] }: Daemon): Promise<void> {
  const log = await open(logFile(name), 'a')
  try {
    const child = spawn(program, rest, { cwd: '/', detached: true, stdio: ['ignore', log.fd, log.fd] })
    await spawned(child)
    await mkdir(PID_DIRECTORY, { recursive: true })
    await writeFile(pidFile(name), String(child.pid))
    child.unref()
  } finally {
    await log.close()
  }
}

export type StopOptions = { signal?: NodeJS.Signals; timeoutMs?: number }

/** Returns when the process is gone; one that was not started or has ended already is stopped, too. */
export async function stopDaemon(
  name: string,
  { signal = 'SIGTERM', timeoutMs = 20_000 }: StopOptions = {},
): Promise<void> {
  const pid = await daemonPid(name)
  if (pid !== undefined) {
    process.kill(pid, signal)
    await until(`the end of ${name}`, async () => !(await isAlive(pid)), { timeoutMs, intervalMs: 20 })
  }
  await rm(pidFile(name), { force: true })
}

/** undefined: it does not run. */
export async function daemonPid(name: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(name), 'utf8').catch(() => ''))
  return pid > 0 && (await isAlive(pid)) ? pid : undefined
}

/** The last lines of its log, as text. */
export async function logTail(name: string, lineCount: number): Promise<string> {
  const text = await readFile(logFile(name), 'utf8').catch(() => '(no log)')
  return text.trimEnd().split('\n').slice(-lineCount).join('\n')
}

const PID_DIRECTORY = `${LAB_DIRECTORY}/pids`

function pidFile(name: string): string {
  return `${PID_DIRECTORY}/${name}`
}

function logFile(name: string): string {
  return `${SLURM_LOGS}/${name}.log`
}

async function spawned(child: ChildProcess): Promise<void> {
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** A zombie that its parent has not reaped yet runs no longer. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}
