import type { EngineProcess } from '../adapters/engine/process/engine-process.ts'
import type { Clock } from '../adapters/system/clock.ts'
import { findMarked, findWriters, listProcesses, readCommandLine, signal } from '../adapters/system/processes.ts'
import { isEngineTitle } from '../core/engines/process-titles.ts'
import { type FoundBy, findOwnedProcesses, identityOf, type OwnedProcess } from './owned-processes.ts'

/** A process, described for people. */
export interface NamedProcess {
  readonly pid: number
  /** Its command line, or the title that it has set. */
  readonly title: string
}

/** One that is a server's own. */
export interface FoundProcess extends NamedProcess {
  readonly foundBy: FoundBy
}

/** The processes that were found on the machine after a server's stop. */
export interface CleanupReport {
  /** The number of observed processes of the server, itself included. */
  readonly observed: number
  /** Processes that had outlived the stop, with how they were recognized; killed, and verified gone. */
  readonly killed: readonly FoundProcess[]
  /** Processes that outlived even KILL, because they hang in the kernel. */
  readonly left: readonly FoundProcess[]
  /** Processes with an engine's title that do not belong to this server; not touched. */
  readonly strangers: readonly NamedProcess[]
}

/** Remembers every process of a server. */
export interface ProcessTracker {
  /** The number of observed processes so far, the server itself included. */
  observed(): number
  /** Scans now. */
  look(): Promise<void>
  /** Ends the scans, scans once more and kills remaining processes, for a few seconds at most. */
  settle(): Promise<CleanupReport>
}

export interface Tracked extends Pick<EngineProcess, 'pid'> {
  /** `NAME=value` of its environment. */
  readonly marker: string
  /** Its log; absolute and without links. */
  readonly logFile: string
}

/**
 * The limit: a child that changes its parent, its session, its environment and its log between two scans is missed.
 */
const LOOK_MS = 100
/** KILL takes milliseconds, unless the process hangs in a driver. */
const KILL_MS = 5_000

export function trackProcesses({ pid: leaderPid, marker, logFile }: Tracked, clock: Clock): ProcessTracker {
  const known = new Map<string, OwnedProcess>()
  // The pid of a process that ended before the first scan is not reused yet.
  let leader = { pid: leaderPid, startTime: '' }
  const settled = new AbortController()
  const looking = keepLooking()
  return {
    observed: () => known.size,
    look: async () => {
      await look()
    },
    settle,
  }

  async function keepLooking(): Promise<void> {
    while (!settled.signal.aborted) {
      const begun = clock.now()
      await look()
      // On a machine with thousands of processes a scan is expensive.
      await clock.sleep(Math.max(LOOK_MS, 4 * (clock.now() - begun)), settled.signal)
    }
  }

  /** The server's processes that live now. */
  async function look(): Promise<readonly OwnedProcess[]> {
    const rows = await listProcesses()
    if (leader.startTime === '') leader = rows.find(row => row.pid === leaderPid) ?? leader
    const owned = findOwnedProcesses(leader, known, rows)
    for (const one of owned) known.set(identityOf(one.process), one)
    return owned
  }

  async function settle(): Promise<CleanupReport> {
    settled.abort()
    await looking
    const found = new Map<string, FoundProcess>()
    const deadline = clock.now() + KILL_MS
    for (;;) {
      const living = await findLiving()
      if (living.length === 0 || clock.now() > deadline) {
        const alive = new Set(living.map(({ process }) => identityOf(process)))
        const all = [...found]
        return {
          observed: known.size,
          killed: all.flatMap(([identity, one]) => (alive.has(identity) ? [] : [one])),
          left: all.flatMap(([identity, one]) => (alive.has(identity) ? [one] : [])),
          strangers: await findStrangers(living),
        }
      }
      for (const { process, foundBy } of living) {
        const { pid } = process
        const identity = identityOf(process)
        if (!found.has(identity)) found.set(identity, { pid, title: await titleOf(pid), foundBy })
        signal(pid, 'SIGKILL')
      }
      await clock.sleep(20)
    }
  }

  /** Like `look`, and also processes with the marker or with the log open. */
  async function findLiving(): Promise<readonly OwnedProcess[]> {
    const owned = await look()
    const pids = new Set(owned.map(({ process }) => process.pid))
    const marked = new Set((await findMarked(marker)).map(({ pid }) => pid))
    const writers = new Set(await findWriters(logFile))
    const rows = (await listProcesses()).filter(({ pid }) => !pids.has(pid) && (marked.has(pid) || writers.has(pid)))
    return [
      ...owned,
      ...rows.map(process => ({
        process,
        foundBy: marked.has(process.pid) ? ('marker' as const) : ('log-writer' as const),
      })),
    ]
  }

  async function findStrangers(own: readonly OwnedProcess[]): Promise<readonly NamedProcess[]> {
    const pids = new Set(own.map(({ process }) => process.pid))
    const others = (await listProcesses()).filter(({ pid }) => !pids.has(pid))
    const named = await Promise.all(others.map(async ({ pid }) => ({ pid, title: await titleOf(pid) })))
    return named.filter(({ title }) => isEngineTitle(title))
  }
}

async function titleOf(pid: number): Promise<string> {
  return (await readCommandLine(pid)).join(' ').trim()
}
