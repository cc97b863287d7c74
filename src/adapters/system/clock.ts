import { setTimeout as wait } from 'node:timers/promises'
import { given } from '../../core/domain/given.ts'

/** The clock, passed in so that a test can move it by hand. */
export interface Clock {
  /** Milliseconds of a clock that never jumps ("no foreign clocks", docs/design/rules.md); compare with itself only. */
  now(): number
  /** The wall clock, for stamps that people read. */
  date(): Date
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  sleep: (ms, signal) => wait(ms, undefined, given({ signal })).catch(ignoreAbort),
}

// A sleep that its signal cuts short is not an error: the caller checks the signal.
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
