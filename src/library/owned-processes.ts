import type { ProcessRow } from '../adapters/system/proc-stat.ts'

/**
 * How a process was recognized as a server's own: by its process group, by its session, as a descendant, by the marker in its
 * environment, or because it writes to the log.
 */
export type FoundBy = 'group' | 'session' | 'descendant' | 'marker' | 'log-writer'

/** A process that belongs, or belonged, to a server. */
export interface OwnedProcess {
  readonly process: ProcessRow
  readonly foundBy: FoundBy
}

/** Pid and start time, because a pid may be reused. */
export function identityOf({ pid, startTime }: Pick<ProcessRow, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`
}

/**
 * The processes of one moment that belong to the server that was started as `leader`:
 *
 * 1. processes known from before, even with another session, parent or environment now
 * 2. its process group and its session, unless the leader's pid was reused, because then the group is a stranger's
 * 3. children of these
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

/** All descendants of these processes, without themselves. */
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
