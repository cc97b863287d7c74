import { readdir, readFile } from 'node:fs/promises'

/** A process of this machine, identified so that a reused pid is not mistaken for it. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks since boot at which it started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  /** Its process group: field 5. */
  readonly group: number
}

/** Its identity, or undefined when no such process lives; a zombie does not. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(whenGone)
  if (stat === undefined) return undefined
  // The command in parentheses may hold anything, also ") ": fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTime = fields[19]
  if (fields[0] === 'Z' || fields[0] === 'X' || startTime === undefined) return undefined
  return { pid, startTime, group: Number(fields[2]) }
}

/**
 * Every live process of ours whose environment holds `marker` (`NAME=value`), however it was forked: the scan that
 * proves that an engine is gone. Processes of other users cannot be read and are passed over.
 */
export async function findMarked(marker: string): Promise<ProcessId[]> {
  const found: ProcessId[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(whenGone)
    if (!environ?.split('\0').includes(marker)) continue
    const id = await identify(Number(name))
    if (id !== undefined) found.push(id)
  }
  return found
}

/** Signals a process, or a group when `pid` is negative. False when there was none to signal. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

function whenGone(error: unknown): undefined {
  if (isGone(error) || isForeign(error)) return undefined
  throw error
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}

function isForeign(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}
