import { FORSAKEN_MS, type Looked } from './drain.ts'

/**
 * An engine that serves while its health says, again and again, that it should not. Its answers may be right all the
 * same, so nothing of it is broken for that: its file says so, and gateways that have others send new requests there.
 * Times are milliseconds of the loop's clock.
 */
export interface Unwell {
  readonly message: string
  readonly since: number
  /** Nobody listens: no request can come, whatever the gateways think. */
  readonly refuses: boolean
  /** Since when nobody was connected. */
  readonly quietSince: number | undefined
  /** Since when nobody was connected, and nobody could come. */
  readonly idleSince: number | undefined
  /** It was withdrawn from every gateway, also where there is no other. */
  readonly isLeaving: boolean
}

/** Idle for so long ("withdraw before you stop", docs/design/rules.md). */
const IDLE_MS = 1_000
/** What ends by itself ends within this; loading a model again may take longer. */
const PATIENCE_MS = 30_000
/** The last endpoint of its tier is spared for longer, and goes only when nobody has come for a while. */
const LAST_PATIENCE_MS = 120_000
const LAST_QUIET_MS = 10_000

export function fallIll(message: string, refuses: boolean, now: number): Unwell {
  return { message, refuses, since: now, quietSince: undefined, idleSince: undefined, isLeaving: false }
}

/**
 * What an unwell engine is to do after a look at what still needs it. What is not known keeps it where it is
 * ("unknown is not none", docs/design/rules.md).
 */
export function lookAtUnwell(before: Unwell, looked: Looked, now: number): [Unwell, 'stay' | 'withdraw' | 'restart'] {
  const isAwaited = before.isLeaving && looked.isHeldByLiving === true
  const quietSince = looked.connections === 0 && !isAwaited ? (before.quietSince ?? now) : undefined
  // What still holds it is a gateway that is dead, or a file that says nothing.
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
