import { readdirSync, readlinkSync } from 'node:fs'
import { isOutOfSight, parseProcStat } from '../../system/proc-stat.ts'
import { readStart } from '../../system/read-start.ts'

/** A process of an nginx. */
export interface NginxProcess {
  readonly pid: number
  /** Field 22 of /proc/PID/stat, proc(5): a pid is used again, a pid with its start is not. */
  readonly startTime: string
  readonly parent: number
  readonly role: 'master' | 'worker'
  /** A worker that takes no new connection and ends with its last request. */
  readonly isShuttingDown: boolean
}

/**
 * Every live process of the nginx that runs in the directory `root`, found by its title and its working directory: pid
 * files lie, a title does not name the directory of a worker, and nginx stays where it was started. Workers whose master
 * was killed are among them: they keep serving, and keep the ports.
 */
export function findNginx(root: string): NginxProcess[] {
  return findProcesses(root)
}

/** Every live process of every nginx of this machine that we may look at. */
export function findAnyNginx(): NginxProcess[] {
  return findProcesses(undefined)
}

function findProcesses(root: string | undefined): NginxProcess[] {
  const found = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readNginx(Number(name), root) ?? [])
  const masters = new Set(found.filter(one => one.role === 'master').map(one => one.pid))
  // A worker has the title of its master until it gets to write its own.
  return found.map(one => (masters.has(one.parent) ? { ...one, role: 'worker' } : one))
}

/** The process as it is now, or undefined when it ended or the pid is another's. */
export function readAgain(before: NginxProcess): NginxProcess | undefined {
  const now = readNginx(before.pid)
  return now?.startTime === before.startTime ? now : undefined
}

/** A worker that may still accept connections. */
export function isAccepting(one: NginxProcess): boolean {
  return one.role === 'worker' && !one.isShuttingDown
}

/**
 * The process of an nginx with this pid, where it runs in `root` if that is given. Synchronous: /proc is memory, and a
 * thread pool makes a scan of it ten times slower.
 */
export function readNginx(pid: number, root?: string): NginxProcess | undefined {
  try {
    const title = readStart(`/proc/${pid}/cmdline`, MOST_BYTES)
    const role = /^nginx: (master|worker) process/.exec(title)?.[1]
    if (role !== 'master' && role !== 'worker') return undefined
    if (root !== undefined && readlinkSync(`/proc/${pid}/cwd`) !== root) return undefined
    const row = parseProcStat(pid, readStart(`/proc/${pid}/stat`, MOST_BYTES))
    if (row === undefined) return undefined
    // ngx_process_cycle.c sets this title right before it closes the listening sockets.
    const isShuttingDown = title.startsWith('nginx: worker process is shutting down')
    return { pid, startTime: row.startTime, parent: row.parent, role, isShuttingDown }
  } catch (error) {
    if (isOutOfSight(error)) return undefined
    throw error
  }
}

/** Of a title, its beginning says what it is; a stat has a few hundred. */
const MOST_BYTES = 1024
