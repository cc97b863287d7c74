import { expect, it } from 'vitest'
import { createEngineKeyCache } from '../../../src/programs/updater/engine-key-cache.ts'
import { endpoint } from '../../support/endpoint.ts'

it('reads each key once, and goes on to the others when one cannot be read', async () => {
  const asked: string[] = []
  const keys = createEngineKeyCache(async fingerprint => {
    asked.push(fingerprint)
    if (fingerprint === 'torn') throw new Error('Cannot use "keys/torn"')
    return fingerprint === 'gone' ? undefined : 'k'
  })
  const observed = ['torn', 'gone', 'good', 'good'].map(key => ({ ...endpoint, key }))
  expect(await keys.learn(observed)).toBe('Cannot use "keys/torn"')
  expect(['torn', 'gone', 'good'].map(keys.knows)).toEqual([false, false, true])
  await keys.learn(observed)
  expect(asked).toEqual(['torn', 'gone', 'good', 'torn', 'gone'])
})
