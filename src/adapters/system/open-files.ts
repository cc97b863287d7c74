import { readdirSync, readlinkSync } from 'node:fs'
import { isOutOfSight } from './proc-stat.ts'

/** A descriptor of a process and its target: a path, or a text such as `socket:[INODE]` (proc(5)). */
export interface OpenFile {
  readonly fd: number
  readonly link: string
}

/**
 * The open files of a process, lowest descriptor first, so that files from its start come before its connections. Empty if it has
 * ended or belongs to another account. Each link is read lazily.
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
