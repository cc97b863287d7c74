import type { Clock } from './clock.ts'

/**
 * At most one call to a filesystem that may hang is in flight ("whole files, one call in flight",
 * docs/design/rules.md). Each call has a deadline: after it the caller gets an error and goes on, while the call itself occupies
 * the queue until the filesystem answers. Later calls wait within their own deadlines.
 */
export interface SerialQueue {
  /** @throws SerialQueueTimeout when `work` has not ended within the deadline; its later result is dropped. */
  run<T>(what: string, work: () => Promise<T>): Promise<T>
}

export class SerialQueueTimeout extends Error {
  override readonly name = 'SerialQueueTimeout'
}

export function createSerialQueue(clock: Clock, deadlineMs: number): SerialQueue {
  let last: Promise<unknown> = Promise.resolve()
  let holder = ''
  return {
    run(what, work) {
      const late = new AbortController()
      const turn = last.then(() => {
        if (late.signal.aborted) return undefined
        holder = what
        return work()
      })
      last = turn.catch(() => undefined) // its caller gets the error; the next call only waits
      return withDeadline(turn)

      async function withDeadline<T>(call: Promise<T | undefined>): Promise<T> {
        const ended = new AbortController()
        const deadline = clock.sleep(deadlineMs, ended.signal).then(() => {
          if (ended.signal.aborted) return undefined as never
          late.abort()
          throw new SerialQueueTimeout(`Cannot ${what}: no answer within ${deadlineMs / 1000} s (in flight: ${holder})`)
        })
        try {
          return (await Promise.race([call, deadline])) as T
        } finally {
          ended.abort()
        }
      }
    },
  }
}
