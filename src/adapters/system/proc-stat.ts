import { codeOf } from '../../core/domain/caught.ts'

/** A process of this machine, identified so that a reused pid is not mistaken for it. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks since boot at which it started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  /** Its process group: field 5. */
  readonly group: number
}

/** A process and its place among the others. */
export interface ProcessRow extends ProcessId {
  /** 1, or a reaper's pid, once its own parent is gone: field 4. */
  readonly parent: number
  /** Field 6. */
  readonly session: number
}

/** Reads /proc/PID/stat; undefined for a zombie. */
export function parseProcStat(pid: number, stat: string): ProcessRow | undefined {
  // The command in parentheses may hold anything, also ") ": fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTime = fields[19]
  if (fields[0] === 'Z' || fields[0] === 'X' || startTime === undefined) return undefined
  const [parent, group, session] = [Number(fields[1]), Number(fields[2]), Number(fields[3])]
  return { pid, startTime, parent, group, session }
}

/** A look into /proc/PID failed because the process ended, or because it is another account's. */
export function isOutOfSight(error: unknown): boolean {
  return isGone(error) || ['EACCES', 'EPERM'].includes(codeOf(error) ?? '')
}

/** There is no such process any more. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '')
}
