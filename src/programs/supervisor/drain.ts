import type { LeaveCause } from '../../core/domain/notice.ts'

/** Why a replica must leave, its deadline, and its last act. Times are milliseconds of the loop's clock. */
export interface Terms {
  /** Undefined while Slurm has not given the cause: then there is no deadline, and no engine is stopped. */
  readonly cause: LeaveCause | undefined
  readonly deadlineAt: number | undefined
  /** Requeue as the last act. */
  readonly requeue: boolean
}

/** The drain of one endpoint ("withdraw before you stop", docs/design/rules.md). */
export interface Drain extends Terms {
  readonly startedAt: number
  /** Since when no gateway could reach the engine and no client was connected. */
  readonly idleSince: number | undefined
  /** Since when no client was connected, and no live gateway named us. */
  readonly quietSince: number | undefined
  readonly last: Looked | undefined
  /** The gateways that hold the drain up and are already reported in events. */
  readonly reported: readonly string[]
}

/** One look at the gateways and clients that still need the engine. */
export interface Looked {
  /**
   * Whether no gateway's routes file names us; undefined when not known ("unknown is not none", docs/design/rules.md).
   */
  readonly cleared: boolean | undefined
  /** Established connections to the engine's port that are not ours; undefined when unknown. */
  readonly connections: number | undefined
  /** The gateways that may send requests here. */
  readonly heldBy?: readonly Holder[]
  /** One of the gateways that name us has beaten since the last look. */
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
 * The limit of the wait, after the last connection, for a gateway whose file cannot be understood or whose beat stands still. A
 * beat moves every few seconds, and the slowest filesystem shows it within thirty.
 */
export const FORSAKEN_MS = 60_000
/** A gateway that drops us does so within seconds. */
const REPORT_AFTER_MS = 20_000

export function beginDrain(terms: Terms, now: number): Drain {
  return { ...terms, startedAt: now, idleSince: undefined, quietSince: undefined, last: undefined, reported: [] }
}

/** Takes a look into account. A look is idle only if it knows both answers and finds nothing. */
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
 * Gateways that hold the drain up and are not reported yet: those whose file cannot be understood, or whose beat stands still.
 */
export function unreportedHolders(drain: Drain, now: number): readonly Holder[] {
  const isLong = drain.quietSince !== undefined && now - drain.quietSince >= REPORT_AFTER_MS
  const holders = drain.last?.heldBy ?? []
  return holders.filter(one => (one.problem !== undefined || isLong) && !drain.reported.includes(one.gateway))
}

/**
 * The last answer has ended and no new request can come. While Slurm has not given the cause, the engine stays. A gateway that
 * never drops the id prolongs the drain to its deadline.
 */
export function isIdle(drain: Drain, now: number): boolean {
  const known = drain.cause !== undefined || drain.deadlineAt !== undefined
  return known && drain.idleSince !== undefined && now - drain.idleSince >= IDLE_MS
}

/** Slurm's time is over. */
export function isLate(drain: Drain, now: number): boolean {
  return drain.deadlineAt !== undefined && now >= drain.deadlineAt
}

/**
 * There is no deadline, and for a long time no client has connected, so only a dead gateway or an unreadable file holds the drain
 * up. To be called right after a look: connections that cannot be counted may be answers, and prolong the wait.
 */
export function isForsaken({ cause, deadlineAt, quietSince }: Drain, now: number): boolean {
  return cause !== undefined && deadlineAt === undefined && quietSince !== undefined && now - quietSince >= FORSAKEN_MS
}

/** Adds newer terms: the earlier deadline holds, and after a TERM there is no requeue. */
export function tighten<T extends Terms>(known: T, terms: Terms, gotTerm: boolean): T {
  const deadlines = [known.deadlineAt, terms.deadlineAt].filter(at => at !== undefined)
  return {
    ...known,
    cause: terms.cause ?? known.cause,
    deadlineAt: deadlines.length === 0 ? undefined : Math.min(...deadlines),
    requeue: !gotTerm && (terms.cause === undefined ? known.requeue : terms.requeue),
  }
}
