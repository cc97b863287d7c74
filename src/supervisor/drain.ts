import type { Cause } from '../domain/notice.ts'

/** Why a replica must leave, until when, and what follows. Times are milliseconds of the loop's clock. */
export interface Terms {
  /** Undefined while Slurm has not said why: then there is no deadline, and no engine is stopped. */
  readonly cause: Cause | undefined
  readonly deadlineAt: number | undefined
  /** Requeue as the last act. */
  readonly comeBack: boolean
}

/** The drain of one endpoint (rule 3). */
export interface Drain extends Terms {
  readonly startedAt: number
  /** Since when nothing could reach the engine and nobody was connected. */
  readonly idleSince: number | undefined
  readonly last: Looked | undefined
}

/** One look at what still needs the engine. */
export interface Looked {
  /** Every gateway's routes file is silent about us; undefined when that could not be found out (rule 1). */
  readonly cleared: boolean | undefined
  /** Established connections to the engine's port that are not ours; undefined when unknown. */
  readonly connections: number | undefined
}

/** *Idle*: no connection but our own for this long (rule 3). */
const IDLE_MS = 1_000

/** Takes note of a look. Only a look that knows both answers, and finds nothing, is idle. */
export function look(drain: Drain, looked: Looked, now: number): Drain {
  const idle = looked.cleared === true && looked.connections === 0
  return { ...drain, last: looked, idleSince: idle ? (drain.idleSince ?? now) : undefined }
}

/**
 * The last answer has ended and nothing can bring another. While Slurm has not said why we should leave, the engine stays.
 * A gateway that never drops the id keeps the drain going to its deadline.
 */
export function isIdle(drain: Drain, now: number): boolean {
  const known = drain.cause !== undefined || drain.deadlineAt !== undefined
  return known && drain.idleSince !== undefined && now - drain.idleSince >= IDLE_MS
}

/** Slurm will not wait any longer. */
export function isLate(drain: Drain, now: number): boolean {
  return drain.deadlineAt !== undefined && now >= drain.deadlineAt
}

/** More is known about why and for how long: the earlier deadline holds, and after a TERM there is no coming back. */
export function tighten<T extends Terms>(known: T, terms: Terms, termed: boolean): T {
  const deadlines = [known.deadlineAt, terms.deadlineAt].filter(at => at !== undefined)
  return {
    ...known,
    cause: terms.cause ?? known.cause,
    deadlineAt: deadlines.length === 0 ? undefined : Math.min(...deadlines),
    comeBack: !termed && (terms.cause === undefined ? known.comeBack : terms.comeBack),
  }
}
