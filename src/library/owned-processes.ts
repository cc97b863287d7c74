import type { ProcessRow } from '../adapters/system/proc-stat.ts'

/**
 * How a process was found to be a server's own: by its process group, by its session, as a descendant, by the marker in
 * its environment, or because it writes to the log.
 */
export type FoundBy = 'group' | 'session' | 'descendant' | 'marker' | 'log-writer'

/** A process that belongs, or belonged, to a server. */
export interface OwnedProcess {
  readonly process: ProcessRow
  readonly foundBy: FoundBy
}

/** Pid and start time: a pid that was given again is another process. */
export function identityOf({ pid, startTime }: Pick<ProcessRow, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`
}

/**
 * Who of the processes of one moment belongs to the server that was started as `leader`:
 *
 * 1. what is known to be its own, wherever it went since: another session, another parent, another environment
 * 2. its process group and its session; unless a stranger has the leader's pid, whose group that is then
 * 3. what has one of these as its parent
 */
export function findOwnedProcesses(
  leader: Pick<ProcessRow, 'pid' | 'startTime'>,
  known: ReadonlyMap<string, OwnedProcess>,
  rows: readonly ProcessRow[],
): OwnedProcess[] {
  const owned = new Map<number, OwnedProcess>()
  const isReused = rows.some(row => row.pid === leader.pid && row.startTime !== leader.startTime)
  for (const process of rows) {
    const before = known.get(identityOf(process))
    if (before !== undefined)
      owned.set(process.pid, { process, foundBy: before.foundBy }) // 1
    else if (!isReused && process.group === leader.pid)
      owned.set(process.pid, { process, foundBy: 'group' }) // 2
    else if (!isReused && process.session === leader.pid) owned.set(process.pid, { process, foundBy: 'session' }) // 2
  }
  for (const process of findDescendants([...owned.keys()], rows)) {
    owned.set(process.pid, { process, foundBy: 'descendant' }) // 3
  }
  return [...owned.values()]
}

/** Children of these processes, and theirs, without themselves. */
export function findDescendants(pids: readonly number[], rows: readonly ProcessRow[]): ProcessRow[] {
  const known = new Set(pids)
  const found: ProcessRow[] = []
  for (;;) {
    const children = rows.filter(({ pid, parent }) => !known.has(pid) && known.has(parent))
    if (children.length === 0) return found
    for (const { pid } of children) known.add(pid)
    found.push(...children)
  }
}
