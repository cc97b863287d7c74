import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Poll } from './routability.ts'

/**
 * How long polls have agreed that a run is over for good, by endpoint id: its job has ended or is forgotten, or runs again with a
 * higher restart count. Only time between two answered polls counts ("unknown is not none", docs/design/rules.md).
 */
export type Absences = ReadonlyMap<string, number>

/** After an hour its files are removed: by then people no longer look for them. */
export const EXPIRED_AFTER_MS = 3_600_000

export function countAbsences(
  before: Absences,
  observed: ObservedEndpoints,
  poll: Poll,
  sinceLastPollMs: number,
): Absences {
  if (!poll.complete) return before
  const absences = new Map<string, number>()
  for (const [id, { endpoint, firstObservedAt }] of observed) {
    const job = poll.jobs.get(endpoint.job.id)
    const hasEnded = job?.state === 'ended' && job.restarts === endpoint.job.restarts
    const isOver = job === undefined || job.restarts > endpoint.job.restarts || hasEnded
    if (poll.startedAt <= firstObservedAt || !isOver) continue
    const known = before.get(id)
    absences.set(id, known === undefined ? 0 : known + sinceLastPollMs)
  }
  return absences
}

export function expiredRunIds(absences: Absences): string[] {
  return [...absences].filter(([, ms]) => ms >= EXPIRED_AFTER_MS).map(([id]) => id)
}
