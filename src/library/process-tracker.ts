import type { EngineProcess } from '../adapters/engine/process/engine-process.ts'
import type { Clock } from '../adapters/system/clock.ts'
import { findMarked, findWriters, listProcesses, readCommandLine, signal } from '../adapters/system/processes.ts'
import { isEngineTitle } from '../core/engines/process-titles.ts'
import { type FoundBy, findOwnedProcesses, identityOf, type OwnedProcess } from './owned-processes.ts'

/** A process as it is named to people. */
export interface NamedProcess {
  readonly pid: number
  /** Its command line, or the title that it gave itself. */
  readonly title: string
}

/** One that is a server's own. */
export interface FoundProcess extends NamedProcess {
  readonly foundBy: FoundBy
}

/** What was found on the machine after a server had been stopped. */
export interface CleanupReport {
  /** How many processes the server was seen to have, itself included. */
  readonly seen: number
  /** What had outlived the stop, and why it is the server's; killed, and verified gone. */
  readonly killed: readonly FoundProcess[]
  /** What outlived even KILL: processes that hang in the kernel. */
  readonly left: readonly FoundProcess[]
  /** Processes with the title of an engine's that are not this server's: not touched. */
  readonly strangers: readonly NamedProcess[]
}

/** Remembers every process that a server ever had. */
export interface ProcessTracker {
  /** How many it has seen so far, the server itself included. */
  seen(): number
  /** Looks now. */
  look(): Promise<void>
  /** Ends the looking, looks once more and kills what is left, for as long as a few seconds. */
  settle(): Promise<CleanupReport>
}

export interface Tracked extends Pick<EngineProcess, 'pid'> {
  /** `NAME=value` of its environment. */
  readonly marker: string
  /** Where it writes; absolute and without links. */
  readonly logFile: string
}

/**
 * A child that leaves its parent, its session, its environment and its log behind is missed if it does all of it between
 * two looks.
 */
const LOOK_MS = 100
/** KILL takes milliseconds, unless the process hangs in a driver. */
const KILL_MS = 5_000

export function trackProcesses({ pid: leaderPid, marker, logFile }: Tracked, clock: Clock): ProcessTracker {
  const known = new Map<string, OwnedProcess>()
  // One that was gone before the first look has left its number to nobody yet.
  let leader = { pid: leaderPid, startTime: '' }
  const settled = new AbortController()
  const looking = keepLooking()
  return {
    seen: () => known.size,
    look: async () => {
      await look()
    },
    settle,
  }

  async function keepLooking(): Promise<void> {
    while (!settled.signal.aborted) {
      const begun = clock.now()
      await look()
      // On a machine of thousands of processes a look takes time that others need.
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
          seen: known.size,
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

  /** As `look`, and whoever gives himself away by what he carries. */
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
