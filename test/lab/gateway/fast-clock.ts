import type { Clock } from '../../../src/adapters/system/clock.ts'

/** A clock that is ahead of its time. */
export function fastClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    date: () => new Date(),
    sleep: (ms, signal) =>
      new Promise(resolve => {
        const timer = setTimeout(resolve, ms / speed)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
}
