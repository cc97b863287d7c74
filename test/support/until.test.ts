import { beforeEach, expect, it, vi } from 'vitest'
import { until } from './until.ts'

beforeEach(() => {
  vi.stubEnv('LAB_PATIENCE', undefined)
  return () => void vi.unstubAllEnvs()
})

it('returns the first value that holds', async () => {
  let count = 0
  expect(await until('three', () => ++count, { holds: value => value === 3, timeoutMs: 1000, intervalMs: 1 })).toBe(3)
})

it('waits out errors', async () => {
  let count = 0
  const look = () => (++count < 3 ? Promise.reject(new Error('not there yet')) : count)
  expect(await until('an answer', look, { timeoutMs: 1000, intervalMs: 1 })).toBe(3)
})

it('throws with the last value seen', async () => {
  const look = () => ({ state: 'PENDING' })
  const waiting = until('the job', look, { holds: ({ state }) => state === 'RUNNING', timeoutMs: 30, intervalMs: 1 })
  await expect(waiting).rejects.toThrow("Cannot see the job: not within 30 ms, last seen { state: 'PENDING' }")
})

it('ends a look that hangs', async () => {
  const waiting = until('an answer', () => new Promise(() => undefined), { timeoutMs: 30 })
  await expect(waiting).rejects.toThrow('Cannot see an answer: not within 30 ms')
})

it('waits longer where others load the machine', async () => {
  vi.stubEnv('LAB_PATIENCE', '3')
  const waiting = until('an answer', () => false, { timeoutMs: 30, intervalMs: 1 })
  await expect(waiting).rejects.toThrow('Cannot see an answer: not within 90 ms')
})
