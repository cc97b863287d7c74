import { expect, it } from 'vitest'
import { endAtSignal } from '../../src/commands/end-at-signal.ts'
import { systemClock } from '../../src/system/clock.ts'

it.each([
  ['plan', 'SIGINT', 130],
  ['doctor', 'SIGTERM', 143],
  ['logs', 'SIGINT', 130],
  ['supervise', 'SIGTERM', undefined],
  ['updater', 'SIGTERM', undefined],
  ['drain', 'SIGINT', undefined],
  ['profile', 'SIGINT', undefined],
] as const)('%s ends a moment after its first %s with %s, wherever it waits', async (command, name, code) => {
  const ended: (number | undefined)[] = []
  const slept: number[] = []
  const done = new AbortController()
  const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) }
  endAtSignal(command, done.signal, clock, exit => ended.push(exit))
  expect(slept).toEqual([])
  done.abort(name)
  await Promise.resolve()
  await Promise.resolve()
  expect({ ended, slept }).toEqual(code === undefined ? { ended: [], slept: [] } : { ended: [code], slept: [1_000] })
})
