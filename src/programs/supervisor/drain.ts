import type { Cause } from '../../core/domain/notice.ts'

/** Why a replica must leave, until when, and what follows. Times are milliseconds of the loop's clock. */
export interface Terms {
  /** Undefined while Slurm has not said why: then there is no deadline, and no engine is stopped. */
  readonly cause: Cause | undefined
  readonly deadlineAt: number | undefined
  /** Requeue as the last act. */
  readonly requeue: boolean
}

/** The drain of one endpoint ("withdraw before you stop", docs/design/rules.md). */
export interface Drain extends Terms {
  readonly startedAt: number
  /** Since when nothing could reach the engine and nobody was connected. */
  readonly idleSince: number | undefined
  /** Since when nobody was connected, and no gateway that lives named us. */
  readonly quietSince: number | undefined
  readonly last: Looked | undefined
  /** The gateways that hold it up, that events have reported. */
  readonly reported: readonly string[]
}

/** One look at what still needs the engine. */
export interface Looked {
  /**
   * Every gateway's routes file is silent about us; undefined when that could not be found out ("unknown is not none",
   * docs/design/rules.md).
   */
  readonly cleared: boolean | undefined
  /** Established connections to the engine's port that are not ours; undefined when unknown. */
  readonly connections: number | undefined
  /** The gateways that may send requests here. */
  readonly heldBy?: readonly Holder[]
  /** One of those that name us has beaten since the look before. */
  readonly isHeldByLiving?: boolean
}

export interface Holder {
  readonly gateway: string
  /** Why its file cannot be understood; absent: it names us. */
  readonly problem?: string
}

/** *Idle*: no connection but our own for this long ("withdraw before you stop", docs/design/rules.md). */
const IDLE_MS = 1_000
/**
 * A gateway whose file cannot be understood, or whose beat stands still, is not waited for beyond this after the last
 * connection; a beat moves every few seconds, and the slowest filesystem shows it within thirty.
 */
export const FORSAKEN_MS = 60_000
/** A gateway that drops us does so within seconds. */
const REPORT_AFTER_MS = 20_000

export function beginDrain(terms: Terms, now: number): Drain {
  return { ...terms, startedAt: now, idleSince: undefined, quietSince: undefined, last: undefined, reported: [] }
}

/** Takes note of a look. Only a look that knows both answers, and finds nothing, is idle. */
export function look(drain: Drain, looked: Looked, now: number): Drain {
  const idle = looked.cleared === true && looked.connections === 0
  const quiet = looked.connections === 0 && looked.isHeldByLiving !== true
  return {
    ...drain,
    last: looked,
    idleSince: idle ? (drain.idleSince ?? now) : undefined,
    quietSince: quiet ? (drain.quietSince ?? now) : undefined,
  }
}

/**
 * Those that hold it up and that were not reported yet: the files that cannot be understood, and the beats that stand
 * still.
 */
export function unreportedHolders(drain: Drain, now: number): readonly Holder[] {
  const isLong = drain.quietSince !== undefined && now - drain.quietSince >= REPORT_AFTER_MS
  const holders = drain.last?.heldBy ?? []
  return holders.filter(one => (one.problem !== undefined || isLong) && !drain.reported.includes(one.gateway))
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

/**
 * There is no deadline, and nobody has come for so long that only a gateway that is dead, or a file that says nothing, is
 * waited for. To be asked right after a look: connections that cannot be counted may be answers, and keep it waiting.
 */
export function isForsaken({ cause, deadlineAt, quietSince }: Drain, now: number): boolean {
  return cause !== undefined && deadlineAt === undefined && quietSince !== undefined && now - quietSince >= FORSAKEN_MS
}

/** More is known about why and for how long: the earlier deadline holds, and after a TERM there is no coming back. */
export function tighten<T extends Terms>(known: T, terms: Terms, gotTerm: boolean): T {
  const deadlines = [known.deadlineAt, terms.deadlineAt].filter(at => at !== undefined)
  return {
    ...known,
    cause: terms.cause ?? known.cause,
    deadlineAt: deadlines.length === 0 ? undefined : Math.min(...deadlines),
    requeue: !gotTerm && (terms.cause === undefined ? known.requeue : terms.requeue),
  }
}
