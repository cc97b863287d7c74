import { expect, it } from 'vitest'
import { createKnownKeys } from '../../../src/programs/updater/known-keys.ts'
import { endpoint } from '../../fixtures/endpoint.ts'

it('reads each key once, and goes on to the others when one cannot be read', async () => {
  const asked: string[] = []
  const keys = createKnownKeys(async fingerprint => {
    asked.push(fingerprint)
    if (fingerprint === 'torn') throw new Error('Cannot use "keys/torn"')
    return fingerprint === 'gone' ? undefined : 'k'
  })
  const seen = ['torn', 'gone', 'good', 'good'].map(key => ({ ...endpoint, key }))
  expect(await keys.learn(seen)).toBe('Cannot use "keys/torn"')
  expect(['torn', 'gone', 'good'].map(keys.knows)).toEqual([false, false, true])
  await keys.learn(seen)
  expect(asked).toEqual(['torn', 'gone', 'good', 'torn', 'gone'])
})
