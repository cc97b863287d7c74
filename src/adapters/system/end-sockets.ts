import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { codeOf } from '../../core/domain/caught.ts'
import type { ProcessSocket } from './process-sockets.ts'

/**
 * Shuts down sockets of other processes of this account in both directions, as if the other end had closed them. No signal does
 * that, and a host that is gone never will. pidfd_getfd(2), since Linux 5.6, gives a copy of the descriptor to a process that may
 * trace the owner.
 *
 * Node's foreign functions are experimental (26.1), so they are called in a child of their own: a crash there ends only that
 * child.
 *
 * @returns the number of shut down sockets, and in words why others were not. Never rejects.
 */
export async function endSockets(sockets: readonly ProcessSocket[]): Promise<EndedSockets> {
  const flags = ['--experimental-ffi', '--no-warnings']
  const argv = [...flags, '--eval', `(${shutDown})()`]
  return new Promise(resolve => {
    const child = execFile(process.execPath, argv, { env: {}, timeout: ANSWER_MS }, (error, stdout, stderr) => {
      const outcome = error === null ? parse(stdout) : undefined
      const words = stderr.trim().split('\n').at(-1) || error?.message || 'no answer'
      resolve(outcome ?? { ended: 0, trouble: `Node ${process.version}: ${words}` })
    })
    // Not in its argv, which would be too long for a host with thousands of streams. A child that ended before is handled above.
    child.stdin?.on('error', () => undefined).end(JSON.stringify(sockets))
  })
}

/** Whether this account may trace its own processes: yama may limit that to descendants; root always may. */
export async function mayTrace(): Promise<boolean> {
  if (process.getuid?.() === 0) return true
  const scope = await readFile('/proc/sys/kernel/yama/ptrace_scope', 'utf8').catch(error => {
    if (codeOf(error) === 'ENOENT') return '0' // a kernel without yama has no further limit
    throw error
  })
  return scope.trim() === '0'
}

export interface EndedSockets {
  readonly ended: number
  readonly trouble?: string
}

const ANSWER_MS = 10_000

function parse(stdout: string): EndedSockets | undefined {
  try {
    const { ended, call, errno } = JSON.parse(stdout) as ReturnType<typeof outcome>
    return call === undefined ? { ended } : { ended, trouble: describeErrno(call, errno) }
  } catch {
    return undefined
  }
}

function describeErrno(call: string, errno: number): string {
  if (errno === EPERM) {
    return `${call} is not permitted; this account may not trace its own processes (sysctl kernel.yama.ptrace_scope is not 0)`
  }
  return errno === ENOSYS ? `${call} needs Linux 5.6` : `${call} failed with errno ${errno}`
}

const [EPERM, ENOSYS] = [1, 38] // asm-generic/errno.h

declare function outcome(): { ended: number; call?: string; errno: number }

/** Runs in the child, from its source text, so it may not refer to this file. */
function shutDown(): void {
  const ffi = process.getBuiltinModule('node:ffi')
  const fs = process.getBuiltinModule('node:fs')
  const sockets: ProcessSocket[] = JSON.parse(fs.readFileSync(0, 'utf8'))
  const { functions: libc } = ffi.dlopen(null, {
    syscall: { arguments: ['i64', 'i64', 'i64', 'i64'], return: 'i64' },
    shutdown: { arguments: ['i32', 'i32'], return: 'i32' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  // The same numbers on every architecture: both came after Linux had made them common.
  const [PIDFD_OPEN, PIDFD_GETFD, SHUT_RDWR, ESRCH, EBADF, ENOTCONN] = [434n, 438n, 2, 3, 9, 107]
  let failed: { call: string; errno: number } | undefined
  let ended = 0
  const check = (call: string, result: bigint | number) => {
    if (result >= 0) return true
    const errno = ffi.getInt32(libc.__errno_location())
    // It ended, or was closed, meanwhile: that is the goal.
    if (![ESRCH, EBADF, ENOTCONN].includes(errno)) failed ??= { call, errno }
    return false
  }
  for (const { pid, startTime, fd, inode } of sockets) {
    const handle = libc.syscall(PIDFD_OPEN, BigInt(pid), 0n, 0n)
    if (!check('pidfd_open', handle)) continue
    let stat = ''
    try {
      stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    } catch {
      continue
    }
    // The pidfd stays with one process; check that it is the intended one.
    if (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] !== startTime) continue
    const socket = libc.syscall(PIDFD_GETFD, handle, BigInt(fd), 0n)
    if (!check('pidfd_getfd', socket)) continue
    // Check that the copy is the found socket, and not another with a reused number.
    if (fs.readlinkSync(`/proc/self/fd/${socket}`) !== `socket:[${inode}]`) continue
    if (check('shutdown', libc.shutdown(Number(socket), SHUT_RDWR))) ended += 1
  }
  fs.writeSync(1, JSON.stringify({ ended, ...failed }))
}
