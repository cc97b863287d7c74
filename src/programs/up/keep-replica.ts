import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { DEFAULT_KILL_WAIT_SECONDS } from '../../core/domain/kill-wait.ts'

/** One `sluice supervise` process. */
export interface RunningSupervisor {
  readonly pid: number
  /** How it ended, in words; never rejects. */
  readonly exited: Promise<string>
  signal(name: 'SIGTERM' | 'SIGKILL'): void
}

export interface ReplicaEffects {
  /** @throws when it cannot be started. */
  start(restarts: number): RunningSupervisor
  /** Ends processes that a supervisor left behind, and removes its files. */
  clear(pid: number, restarts: number): Promise<void>
  /** Whether an operator has asked for the last one to leave for good. */
  isRemoved(): boolean
  /** It ended by itself, and the next one starts in `waitMs`. */
  ended(how: string, waitMs: number): void
}

export interface ReplicaOptions {
  readonly effects: ReplicaEffects
  readonly clock: Clock
  /** Drain and end. */
  readonly stop: AbortSignal
  /** End at once. */
  readonly killNow: AbortSignal
}

/** After a run of this length an end counts as the first in a row. */
const WELL_MS = 60_000
const LONGEST_WAIT_MS = 60_000
/** A supervisor drains for KillWait less KEPT_SECONDS at most, and ends an engine in 2 s more. */
const END_MS = (DEFAULT_KILL_WAIT_SECONDS + 5) * 1_000

/**
 * Keeps one replica's supervisor running, with restarts after 1, 2, 4 … 60 s. Resolves after `stop`, or when the replica was
 * removed; no process of it is left then.
 */
export async function keepReplica({ effects, clock, stop, killNow }: ReplicaOptions): Promise<void> {
  let failures = 0
  for (let restarts = 0; !stop.aborted; restarts += 1) {
    const startedAt = clock.now()
    const how = await runOnce(restarts)
    if (stop.aborted || effects.isRemoved()) return
    failures = clock.now() - startedAt >= WELL_MS ? 1 : failures + 1
    const waitMs = Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** (failures - 1))
    effects.ended(how, waitMs)
    await clock.sleep(waitMs, stop)
  }

  async function runOnce(restarts: number): Promise<string> {
    let supervisor: RunningSupervisor
    try {
      supervisor = effects.start(restarts)
    } catch (error) {
      return messageOf(error)
    }
    const gone = new AbortController()
    void end(supervisor, gone.signal).catch(() => undefined) // its end is awaited below
    const how = await supervisor.exited
    gone.abort()
    await effects.clear(supervisor.pid, restarts)
    return how
  }

  /** TERM at the stop, KILL after the grace or on `now`. */
  async function end(supervisor: RunningSupervisor, gone: AbortSignal): Promise<void> {
    await aborted(AbortSignal.any([stop, killNow, gone]))
    if (gone.aborted) return
    supervisor.signal('SIGTERM')
    await clock.sleep(END_MS, AbortSignal.any([killNow, gone]))
    if (!gone.aborted) supervisor.signal('SIGKILL')
  }
}

/** Resolves when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
