import { readdirSync, readlinkSync } from 'node:fs'
import { isOutOfSight, parseProcStat } from '../../system/proc-stat.ts'
import { readStart } from '../../system/read-start.ts'

/** A process of an nginx. */
export interface NginxProcess {
  readonly pid: number
  /** Field 22 of /proc/PID/stat, proc(5): a pid is reused, but not together with its start. */
  readonly startTime: string
  readonly parent: number
  readonly role: 'master' | 'worker'
  /** A worker that accepts no new connections and ends after its last request. */
  readonly isShuttingDown: boolean
}

/**
 * Every live process of the nginx in the directory `root`, found by its title and its working directory. Pid files may be wrong, a
 * worker's title does not name the directory, and nginx never changes its working directory. Workers of a killed master are
 * included: they still serve and have the ports.
 */
export function findNginx(root: string): NginxProcess[] {
  return findProcesses(root)
}

/** Every live process of every nginx of this machine whose data we may read. */
export function findAnyNginx(): NginxProcess[] {
  return findProcesses(undefined)
}

function findProcesses(root: string | undefined): NginxProcess[] {
  const found = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readNginx(Number(name), root) ?? [])
  const masters = new Set(found.filter(one => one.role === 'master').map(one => one.pid))
  // A worker has its master's title until it writes its own.
  return found.map(one => (masters.has(one.parent) ? { ...one, role: 'worker' } : one))
}

/** The process's state now, or undefined when it ended or the pid was reused. */
export function readAgain(before: NginxProcess): NginxProcess | undefined {
  const now = readNginx(before.pid)
  return now?.startTime === before.startTime ? now : undefined
}

/** Whether it is a worker that may still accept connections. */
export function isAccepting(one: NginxProcess): boolean {
  return one.role === 'worker' && !one.isShuttingDown
}

/**
 * The nginx process with this pid, in `root` if that is given. Synchronous: /proc is memory, and a thread pool makes a scan ten
 * times slower.
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

/** The beginning of a title is enough, and a stat has a few hundred bytes. */
const MOST_BYTES = 1024
