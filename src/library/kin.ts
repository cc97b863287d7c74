import type { ProcessRow } from '../adapters/system/processes.ts'

/** Why a process counts as a server's own. */
export type Kinship =
  | 'the server itself'
  | 'its group'
  | 'its session'
  | 'a child of it'
  | 'its marker'
  | 'it writes to its log'

/** A process that belongs, or belonged, to a server. */
export interface Kin {
  readonly process: ProcessRow
  readonly kinship: Kinship
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
export function findKin(
  leader: Pick<ProcessRow, 'pid' | 'startTime'>,
  known: ReadonlyMap<string, Kin>,
  rows: readonly ProcessRow[],
): Kin[] {
  const kin = new Map<number, Kin>()
  const isReused = rows.some(row => row.pid === leader.pid && row.startTime !== leader.startTime)
  for (const process of rows) {
    const before = known.get(identityOf(process))
    if (before !== undefined)
      kin.set(process.pid, { process, kinship: before.kinship }) // 1
    else if (!isReused && process.group === leader.pid)
      kin.set(process.pid, { process, kinship: 'its group' }) // 2
    else if (!isReused && process.session === leader.pid) kin.set(process.pid, { process, kinship: 'its session' }) // 2
  }
  for (const process of findDescendants([...kin.keys()], rows)) {
    kin.set(process.pid, { process, kinship: 'a child of it' }) // 3
  }
  return [...kin.values()]
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
