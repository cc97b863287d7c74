import { expect, it } from 'vitest'
import { awaitGeneration } from '../../../../src/adapters/gateway/nginx/await-generation.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { nginxLike } from './nginx-like.ts'

it('asks for the generation only once every older worker has left', async () => {
  const older = await nginxLike('worker')
  const clock = manualClock()
  const seen: string[] = []
  let slept = 0
  await awaitGeneration({
    generation: 2,
    ask: async () => {
      seen.push('ask')
      return 2
    },
    master: undefined,
    older: [older],
    isAlone: () => seen.push('look') > 0,
    errorLog: undefined,
    logStart: 0,
    clock: {
      ...clock,
      sleep: async () => {
        slept += 1
        if (slept === 3) await older.end()
      },
    },
    signal: new AbortController().signal,
  })
  expect({ seen, slept }).toEqual({ seen: ['ask', 'look'], slept: 3 })
})
