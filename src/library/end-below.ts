import { basename } from 'node:path'
import type { Clock } from '../adapters/system/clock.ts'
import type { ProcessRow } from '../adapters/system/proc-stat.ts'
import { findMarked, identify, listProcesses, readCommandLine, signal } from '../adapters/system/processes.ts'
import { findDescendants } from './owned-processes.ts'

/** A profiler writes its report after its program has ended, which takes minutes for a long run. */
const REPORT_MS = 300_000
const LOOK_MS = 50

/** A server that a profiler has started, and that must end before it. */
export interface Wrapped {
  /** The profiler's program. */
  readonly wrapper: string
  /** The server's arguments. */
  readonly argv: readonly string[]
  /** `NAME=value` in the environment of both. */
  readonly marker: string
  /** Resolves when the profiler has ended. */
  readonly exited: Promise<unknown>
}

/**
 * Ends the server, TERM and after `graceMs` KILL for it and its children, and waits for the profiler to have written its
 * report and ended. Does nothing if the server cannot be identified, as when it has set a title.
 */
export async function endBelow(wrapped: Wrapped, graceMs: number, clock: Clock): Promise<void> {
  const inner = await findInner(wrapped)
  if (inner.length === 0) return
  const pids = inner.map(({ pid }) => pid)
  const tree = [...inner, ...findDescendants(pids, await listProcesses())]
  if (graceMs > 0) {
    for (const pid of pids) signal(pid, 'SIGTERM')
    const deadline = clock.now() + graceMs
    while ((await living(inner)).length > 0 && clock.now() < deadline) await clock.sleep(LOOK_MS)
  }
  for (const { pid } of await living(tree)) signal(pid, 'SIGKILL')
  const ended = new AbortController()
  await Promise.race([wrapped.exited, clock.sleep(REPORT_MS, ended.signal)])
  ended.abort()
}

/** The process whose words end with the server's arguments and do not begin with the profiler's program. */
async function findInner({ wrapper, argv, marker }: Wrapped): Promise<readonly ProcessRow[]> {
  const marked = new Set<number>()
  for (const { pid } of await findMarked(marker)) {
    const words = await readCommandLine(pid)
    const start = words.length - argv.length
    const isSame = start > 0 && argv.every((word, index) => words[start + index] === word)
    // nsys has helpers with names such as nsys-launcher.
    if (isSame && !words.slice(0, start).some(word => basename(word).startsWith(wrapper))) marked.add(pid)
  }
  return (await listProcesses()).filter(({ pid }) => marked.has(pid))
}

async function living(processes: readonly ProcessRow[]): Promise<readonly ProcessRow[]> {
  const now = await Promise.all(processes.map(({ pid }) => identify(pid)))
  return processes.filter((one, index) => now[index]?.startTime === one.startTime)
}
