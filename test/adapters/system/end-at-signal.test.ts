import { expect, it } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { endAtSignal } from '../../../src/adapters/system/end-at-signal.ts'

it.each([
  ['plan', 'SIGINT', 130, 1_000],
  ['doctor', 'SIGTERM', 143, 1_000],
  ['logs', 'SIGINT', 130, 1_000],
  ['install', 'SIGTERM', 143, 5_000],
  ['profile', 'SIGINT', 130, 15_000],
  ['submit', 'SIGTERM', 143, 60_000],
  ['drain', 'SIGINT', 130, 60_000],
  ['stop', 'SIGTERM', 143, 60_000],
  ['supervise', 'SIGTERM', undefined, 0],
  ['updater', 'SIGTERM', undefined, 0],
  ['up', 'SIGINT', undefined, 0],
  ['toString', 'SIGINT', undefined, 0],
] as const)(
  '%s ends after its first %s with %s, wherever it waits, after %s ms',
  async (command, name, code, orderMs) => {
    const ended: (number | undefined)[] = []
    const slept: number[] = []
    const done = new AbortController()
    const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) }
    endAtSignal(command, done.signal, clock, exit => ended.push(exit))
    expect(slept).toEqual([])
    done.abort(name)
    await Promise.resolve()
    await Promise.resolve()
    expect({ ended, slept }).toEqual(
      code === undefined ? { ended: [], slept: [] } : { ended: [code], slept: [orderMs] },
    )
  },
)
