import { openFiles, socketInode } from './open-files.ts'
import { inodesTo, type RemoteEnd, readTcpTables } from './tcp-table.ts'

/** A socket of a process of this machine, identified so that a reused number is not mistaken for it. */
export interface ProcessSocket {
  readonly pid: number
  /** Clock ticks since boot at which the process started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  readonly fd: number
  readonly inode: string
}

/**
 * Every TCP socket of these processes that is connected to one of these addresses. The kernel's tables are read once for all of
 * them: a failed rack may have a hundred addresses, and a process thousands of files.
 */
export function socketsTo(
  processes: readonly { readonly pid: number; readonly startTime: string }[],
  ends: readonly RemoteEnd[],
): ProcessSocket[] {
  const [ipv4 = ''] = readTcpTables()
  const inodes = inodesTo(ipv4, ends)
  if (inodes.size === 0) return []
  return processes.flatMap(({ pid, startTime }) =>
    [...openFiles(pid)].flatMap(({ fd, link }) => {
      const inode = socketInode(link)
      return inode !== undefined && inodes.has(inode) ? [{ pid, startTime, fd, inode }] : []
    }),
  )
}
