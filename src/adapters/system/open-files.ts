import { readdirSync, readlinkSync } from 'node:fs'
import { isOutOfSight } from './proc-stat.ts'

/** A descriptor of a process, and what it stands for: a path, or such as `socket:[INODE]` (proc(5)). */
export interface OpenFile {
  readonly fd: number
  readonly link: string
}

/**
 * What a process has open, lowest descriptor first: what it opened before its connections came stands before them. Nothing,
 * where it has ended or is another account's. Each link is read when it is asked for.
 */
export function* openFiles(pid: number): Generator<OpenFile> {
  const fds = orNothing(() => readdirSync(`/proc/${pid}/fd`), []).map(Number)
  for (const fd of fds.toSorted((one, other) => one - other)) {
    const link = orNothing(() => readlinkSync(`/proc/${pid}/fd/${fd}`), undefined)
    if (link !== undefined) yield { fd, link }
  }
}

/** The inode of the socket that a link stands for. */
export function socketInode(link: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1]
}

// A descriptor is closed, or the process ended, between the listing and the look.
function orNothing<T>(look: () => T, nothing: T): T {
  try {
    return look()
  } catch (error) {
    if (isOutOfSight(error)) return nothing
    throw error
  }
}
