import { openFiles, socketInode } from './open-files.ts'
import { inodesTo, type RemoteEnd, readTcpTables } from './tcp-table.ts'

/** A socket of a process of this machine, named so that it is not mistaken for one that came later. */
export interface ProcessSocket {
  readonly pid: number
  /** Clock ticks since boot at which the process started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  readonly fd: number
  readonly inode: string
}

/**
 * Every TCP socket of these processes at whose other end is one of these. What the kernel lists is read once, however many
 * they are: a rack may go with a hundred of them, and a process may have thousands of files.
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
