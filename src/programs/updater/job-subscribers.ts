import { messageOf } from '../../core/domain/caught.ts'
import type { Reporter } from './reporter.ts'
import type { Poll } from './routability.ts'

/** The result of one poll; `unknown`: why it failed, and then no job counts as gone. */
export type JobRound =
  | {
      readonly poll: Poll
      /**
       * Time between the starts of the last two polls; 0 if the earlier failed, because unobserved time proves nothing
       * ("unknown is not none", docs/design/rules.md).
       */
      readonly sinceLastMs: number
    }
  | { readonly unknown: string }

export type JobSubscriber = (round: JobRound) => Promise<void> | void

export interface JobSubscribers {
  /** `name` is for the event that reports its failure. */
  add(name: string, hear: JobSubscriber): void
  publish(round: JobRound): void
  /** Resolves when no subscriber has a round left. */
  settled(): Promise<void>
}

/**
 * Gives each round to each subscriber, one round at a time. A busy subscriber later gets only the newest round. A slow or
 * failing one delays neither others nor the next poll.
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
