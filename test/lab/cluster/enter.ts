import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { until } from '../../support/until.ts'
import { makeCgroup, removeEndedCgroups } from './cgroups.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { contained } from './contained.ts'
import { cacheDirectory } from './tree.ts'

export type Entry = {
  /** The Debian tree; it stays as it is. */
  tree: string
  options: ClusterOptions
  /** What runs on the cluster; nothing means a shell. */
  command: readonly string[]
}

/**
 * Runs inside.ts in the tree with the repository at its own path, and returns the exit code. Standard input, output and
 * error are passed on. When it returns, nothing is left of the lab; when this process is killed, neither.
 */
export async function enter({ tree, options, command }: Entry): Promise<number> {
  const stage = join(cacheDirectory(), 'stage')
  await mkdir(stage, { recursive: true })
  const repository = join(import.meta.dirname, '../../..')
  const inside = join(import.meta.dirname, '../inside.ts')
  await removeEndedCgroups({ evenOurs: false })
  const cgroup = options.proctrack === 'cgroup' ? await makeCgroup() : ''
  const [program, ...rest] = contained(
    [
      ...[join(import.meta.dirname, 'enter.sh'), tree, stage, repository, process.execPath, cgroup],
      ...['node', inside, JSON.stringify(options), ...command],
    ],
    ['net', 'uts', 'ipc'],
  )
  const lab = spawn(program, rest, { stdio: 'inherit', env: environment(repository) })
  const stopPassingOn = passSignalsOn(lab)
  try {
    const [code, signal] = (await once(lab, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + constants.signals[signal ?? 'SIGKILL']
  } finally {
    await stopPassingOn()
    await removeEndedCgroups({ evenOurs: true })
  }
}

/** What the command in the lab sees: nothing of the host but what concerns the terminal and the test runner. */
function environment(repository: string): NodeJS.ProcessEnv {
  const passed = /^(TERM|COLORTERM|NO_COLOR|FORCE_COLOR|CI|(SLUICE|VITEST)_.*)$/
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))),
    PATH: `${join(repository, 'node_modules/.bin')}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
  }
}

/** Long enough for a test runner to print what it has. */
const LEAVE_MS = 5000

/**
 * The first signal asks the lab to end, the second or five more seconds end it. `unshare` itself ignores them, so the
 * first process of the PID namespace is asked, under its number out here. The function that is returned stops this, and
 * waits for the namespace of a lab that was killed to be empty.
 */
function passSignalsOn(lab: ChildProcess): () => Promise<void> {
  let first: number | undefined
  let timer: NodeJS.Timeout | undefined
  const end = () => lab.kill('SIGKILL')
  const pass = async () => {
    if (timer !== undefined) {
      end()
      return
    }
    timer = setTimeout(end, LEAVE_MS)
    first = await firstProcess(lab)
    if (first === undefined || !signalled(first, 'SIGTERM')) {
      end()
    }
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) {
    process.on(signal, pass)
  }
  return async () => {
    clearTimeout(timer)
    for (const signal of signals) {
      process.off(signal, pass)
    }
    const last = first
    if (last !== undefined) {
      await until('the end of the lab', () => !signalled(last, 0), { timeoutMs: LEAVE_MS, intervalMs: 10 })
    }
  }
}

/** undefined: there is none, yet or any more. */
async function firstProcess(lab: ChildProcess): Promise<number | undefined> {
  const children = await readFile(`/proc/${lab.pid}/task/${lab.pid}/children`, 'utf8').catch(() => '')
  return Number.parseInt(children, 10) || undefined
}

function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    // ESRCH, the only error that root gets: it has ended.
    return false
  }
}
