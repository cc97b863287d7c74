import type { Clock } from '../../adapters/system/clock.ts'
import type { RecordEvent, RegistryEffects } from './effects.ts'
import { type Absences, countAbsences, expiredRunIds } from './expired-runs.ts'
import type { JobSubscriber } from './job-subscribers.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Poll } from './routability.ts'

export interface ExpireFilesOptions {
  readonly observed: () => ObservedEndpoints
  readonly registry: Pick<RegistryEffects, 'remove' | 'removeExpired'>
  readonly record: RecordEvent
  readonly clock: Clock
}

const DAY_MS = 86_400_000

/** Removes files of runs that polls of an hour have agreed are over, and once a day what such runs left a month ago. */
export function expireFiles({ observed, registry, record, clock }: ExpireFilesOptions): JobSubscriber {
  let absences: Absences = new Map()
  let expiryAt = Number.NEGATIVE_INFINITY

  return async round => {
    if ('unknown' in round) return
    absences = countAbsences(absences, observed(), round.poll, round.sinceLastMs)
    await removeExpiredRuns()
    removeExpired(round.poll)
  }

  async function removeExpiredRuns(): Promise<void> {
    for (const id of expiredRunIds(absences)) {
      const removed = await registry.remove(id).then(
        () => true,
        () => false, // the next poll tries again
      )
      if (removed)
        record('files removed', {
          id,
          reason: 'Its run has been over for an hour: its job has ended or is forgotten, or runs anew',
        })
    }
  }

  /** Looks at thousands of files, one after the other: nothing waits for it. */
  function removeExpired({ jobs, complete }: Poll): void {
    if (!complete || clock.now() < expiryAt) return
    expiryAt = clock.now() + DAY_MS
    const isAlive = (id: string) => jobs.has(id) && jobs.get(id)?.state !== 'ended'
    void registry.removeExpired(isAlive).then(
      count => {
        if (count > 0) record('files expired', { count, reason: 'They were of jobs that are over, and a month old' })
      },
      () => undefined, // tomorrow again
    )
  }
}
