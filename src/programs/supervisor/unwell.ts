import { FORSAKEN_MS, type Looked } from './drain.ts'

/**
 * An engine that serves while its health checks fail again and again. Its answers may still be right, so its requests are not
 * broken: its file reports it, and gateways with other engines send new requests there. Times are milliseconds of the loop's
 * clock.
 */
export interface Unwell {
  readonly message: string
  readonly since: number
  /** Its port refuses connections, so no request can reach it. */
  readonly refuses: boolean
  /** Since when no client was connected. */
  readonly quietSince: number | undefined
  /** Since when no client was connected, and no gateway could send one. */
  readonly idleSince: number | undefined
  /** Whether it was withdrawn from every gateway, even as the last of its tier. */
  readonly isLeaving: boolean
}

/** Idle for this long ("withdraw before you stop", docs/design/rules.md). */
const IDLE_MS = 1_000
/** A passing problem ends within this; loading a model again may take longer. */
const PATIENCE_MS = 30_000
/** The last endpoint of its tier is kept for longer, and is withdrawn only after a while without clients. */
const LAST_PATIENCE_MS = 120_000
const LAST_QUIET_MS = 10_000

export function fallIll(message: string, refuses: boolean, now: number): Unwell {
  return { message, refuses, since: now, quietSince: undefined, idleSince: undefined, isLeaving: false }
}

/**
 * The next step of an unwell engine after a look at what still needs it. While something is not known, it stays
 * ("unknown is not none", docs/design/rules.md).
 */
export function lookAtUnwell(before: Unwell, looked: Looked, now: number): [Unwell, 'stay' | 'withdraw' | 'restart'] {
  const isAwaited = before.isLeaving && looked.isHeldByLiving === true
  const quietSince = looked.connections === 0 && !isAwaited ? (before.quietSince ?? now) : undefined
  // Only a dead gateway or an unreadable file still holds it.
  const isForsaken =
    before.isLeaving && looked.cleared === false && quietSince !== undefined && now - quietSince >= FORSAKEN_MS
  const isOut = before.refuses || looked.cleared === true || isForsaken
  const idleSince = quietSince !== undefined && isOut ? (before.idleSince ?? now) : undefined
  const unwell: Unwell = { ...before, quietSince, idleSince }
  const unwellMs = now - unwell.since
  if (idleSince !== undefined && now - idleSince >= IDLE_MS && (unwell.refuses || unwellMs >= PATIENCE_MS)) {
    return [unwell, 'restart']
  }
  const isQuiet = quietSince !== undefined && now - quietSince >= LAST_QUIET_MS
  if (looked.cleared !== false || unwell.isLeaving || !isQuiet || unwellMs < LAST_PATIENCE_MS) return [unwell, 'stay']
  return [{ ...unwell, isLeaving: true, quietSince: now }, 'withdraw']
}
