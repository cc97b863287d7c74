import { expect, it } from 'vitest'
import { profileEngine } from '../../../src/adapters/engine/profile-engine.ts'
import type { HttpAnswer } from '../../../src/core/domain/http-answer.ts'
import { manualClock } from '../../support/manual-clock.ts'

const OK: HttpAnswer = { kind: 'answered', status: 200, text: '' }

/** An engine that never answers one of the two requests. */
function profiled(silent: 'start' | 'stop') {
  const clock = manualClock()
  const ending = new AbortController()
  const asked: string[] = []
  const never = new Promise<HttpAnswer>(() => undefined)
  const running = profileEngine({
    http: {
      ownEnds: () => new Set(),
      ask: url => {
        asked.push(url)
        return url.endsWith(silent) ? never : Promise.resolve(OK)
      },
    },
    ...{ url: 'http://engine/', key: undefined, seconds: 60, clock, signal: ending.signal, progress: () => undefined },
    requests: { start: { method: 'POST', path: 'start' }, stop: { method: 'POST', path: 'stop' } },
  })
  return { clock, ending, asked, running }
}

it('an engine that still writes five seconds after a signal is left', async () => {
  const { clock, ending, asked, running } = profiled('stop')
  await clock.advance(30_000)
  ending.abort('SIGTERM')
  await clock.advance(5_000)
  expect(await running).toEqual({ seconds: 30, isWritten: false })
  expect(asked).toEqual(['http://engine/start', 'http://engine/stop'])
})

it('one that does not answer its start is told to stop at a signal', async () => {
  const { clock, ending, asked, running } = profiled('start')
  const failed = expect(running).rejects.toThrow('Cannot start its profiler: no answer in time')
  await clock.advance(1_000)
  ending.abort('SIGINT')
  await clock.advance(5_000)
  await failed
  expect(asked).toEqual(['http://engine/start', 'http://engine/stop'])
})
