import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { openFiles, socketInode } from './open-files.ts'

/** A socket of a process of this machine, named so that it is not mistaken for one that came later. */
export interface ProcessSocket {
  readonly pid: number
  /** Clock ticks since boot at which the process started: /proc/PID/stat field 22, proc(5). */
  readonly startTime: string
  readonly fd: number
  readonly inode: string
}

/** Every TCP socket of these processes at whose other end is this IPv4 address and port. */
export function socketsTo(
  processes: readonly { readonly pid: number; readonly startTime: string }[],
  to: { readonly address: string; readonly port: number },
): ProcessSocket[] {
  const inodes = inodesTo(readFileSync('/proc/net/tcp', 'latin1'), to)
  if (inodes.size === 0) return []
  return processes.flatMap(({ pid, startTime }) =>
    [...openFiles(pid)].flatMap(({ fd, link }) => {
      const inode = socketInode(link)
      return inode !== undefined && inodes.has(inode) ? [{ pid, startTime, fd, inode }] : []
    }),
  )
}

/** The inodes of the rows of /proc/net/tcp (proc(5)) whose remote end this is. */
export function inodesTo(table: string, { address, port }: { address: string; port: number }): Set<string> {
  const bytes = address.split('.').map(Number)
  // The kernel prints the address as the number that its four bytes are in memory.
  const ordered = endianness() === 'LE' ? bytes.toReversed() : bytes
  const wanted = `${ordered.map(byte => hex(byte, 2)).join('')}:${hex(port, 4)}`
  return new Set(
    table
      .split('\n')
      .slice(1)
      .flatMap(line => {
        const [, , remote, , , , , , , inode] = line.trim().split(/\s+/)
        return remote === wanted && inode !== undefined && inode !== '0' ? [inode] : []
      }),
  )
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
