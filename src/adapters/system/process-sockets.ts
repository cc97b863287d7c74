import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { openFiles, socketInode } from './open-files.ts'

/** A socket of a process of this machine, identified so that a reused number is not mistaken for it. */
export interface ProcessSocket {
  readonly pid: number
  /** Clock ticks since boot at which the process started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  readonly fd: number
  readonly inode: string
}

export interface RemoteEnd {
  /** IPv4. */
  readonly address: string
  readonly port: number
}

/**
 * Every TCP socket of these processes that is connected to one of these addresses. The kernel's tables are read once for all of
 * them: a failed rack may have a hundred addresses, and a process thousands of files.
 */
export function socketsTo(
  processes: readonly { readonly pid: number; readonly startTime: string }[],
  ends: readonly RemoteEnd[],
): ProcessSocket[] {
  const inodes = inodesTo(readFileSync('/proc/net/tcp', 'latin1'), ends)
  if (inodes.size === 0) return []
  return processes.flatMap(({ pid, startTime }) =>
    [...openFiles(pid)].flatMap(({ fd, link }) => {
      const inode = socketInode(link)
      return inode !== undefined && inodes.has(inode) ? [{ pid, startTime, fd, inode }] : []
    }),
  )
}

/** The inodes of the rows of /proc/net/tcp (proc(5)) whose remote end is one of these. */
export function inodesTo(table: string, ends: readonly RemoteEnd[]): Set<string> {
  const wanted = new Set(ends.map(asPrinted))
  return new Set(
    table
      .split('\n')
      .slice(1)
      .flatMap(line => {
        const [, , remote = '', , , , , , , inode] = line.trim().split(/\s+/)
        return wanted.has(remote) && inode !== undefined && inode !== '0' ? [inode] : []
      }),
  )
}

/** The kernel prints an address as a number in the machine's byte order. */
function asPrinted({ address, port }: RemoteEnd): string {
  const bytes = address.split('.').map(Number)
  const ordered = endianness() === 'LE' ? bytes.toReversed() : bytes
  return `${ordered.map(byte => hex(byte, 2)).join('')}:${hex(port, 4)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
