import { messageOf } from '../../core/domain/caught.ts'
import type { Reporter } from './reporter.ts'
import type { Poll } from './routability.ts'

/** What one squeue gave; `unknown`: why it gave nothing, which says nothing about any job. */
export type JobRound =
  | {
      readonly poll: Poll
      /**
       * From the start of the poll before to that of this one; 0 where that one was not answered: time in which Slurm was
       * not seen proves nothing ("unknown is not none", docs/design/rules.md).
       */
      readonly sinceLastMs: number
    }
  | { readonly unknown: string }

export type JobSubscriber = (round: JobRound) => Promise<void> | void

export interface JobSubscribers {
  /** `name` is for the event where it fails. */
  add(name: string, hear: JobSubscriber): void
  publish(round: JobRound): void
  /** Resolves when none has anything left to do. */
  settled(): Promise<void>
}

/**
 * Gives each round to each subscriber, one round at a time: one that is busy gets the newest that came meanwhile. None waits
 * for another, and none that is slow or fails holds up the next poll.
 */
export function createJobSubscribers(report: Reporter): JobSubscribers {
  const subscriptions: Subscription[] = []
  return {
    add(name, hear) {
      subscriptions.push({ name, hear, next: undefined, work: undefined })
    },
    publish(round) {
      for (const one of subscriptions) {
        one.next = round
        one.work ??= work(one)
      }
    },
    async settled() {
      await Promise.all(subscriptions.map(one => one.work))
    },
  }

  async function work(one: Subscription): Promise<void> {
    while (one.next !== undefined) {
      const round = one.next
      one.next = undefined
      try {
        await one.hear(round)
        report.state(one.name, undefined)
      } catch (error) {
        report.state(one.name, `${messageOf(error)}; the next poll tries again`)
      }
    }
    one.work = undefined
  }
}

interface Subscription {
  readonly name: string
  readonly hear: JobSubscriber
  next: JobRound | undefined
  work: Promise<void> | undefined
}
