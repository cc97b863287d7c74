import { describe, expect, it } from 'vitest'
import { createLane, LaneTimeout } from '../../../src/adapters/system/lane.ts'
import { manualClock, settle } from '../../fixtures/manual-clock.ts'

/** A call to a filesystem that answers when the test says so. */
function call<T>(answer: T) {
  let end: (value: T) => void = () => {}
  const work = () => {
    started.push(answer)
    return new Promise<T>(resolve => {
      end = resolve
    })
  }
  const started: T[] = []
  return { work, started, end: () => end(answer) }
}

describe('a lane', () => {
  it('has one call in flight, in the order in which they were asked for', async () => {
    const lane = createLane(manualClock(), 5_000)
    const [one, two] = [call('one'), call('two')]
    const first = lane.run('read one', one.work)
    const second = lane.run('read two', two.work)
    await settle()
    expect([one.started, two.started]).toEqual([['one'], []])
    one.end()
    expect(await first).toBe('one')
    await settle()
    two.end()
    expect(await second).toBe('two')
  })

  it('lets the caller go on when the filesystem hangs, and keeps the next call back until it answers', async () => {
    const clock = manualClock()
    const lane = createLane(clock, 5_000)
    const [one, two, three] = [call('one'), call('two'), call('three')]
    const first = lane.run('read one', one.work).catch((error: Error) => error)
    await clock.advance(4_000)
    const second = lane.run('read two', two.work).catch((error: Error) => error)
    await clock.advance(1_000)
    expect(await first).toEqual(new LaneTimeout('Cannot read one: no answer within 5 s (in flight: read one)'))
    await clock.advance(4_000)
    expect(await second).toEqual(new LaneTimeout('Cannot read two: no answer within 5 s (in flight: read one)'))
    const third = lane.run('read three', three.work)
    one.end() // the mount is back
    await settle()
    expect([two.started, three.started]).toEqual([[], ['three']]) // nobody waits for the second any more
    three.end()
    expect(await third).toBe('three')
  })

  it('goes on after a call that failed', async () => {
    const lane = createLane(manualClock(), 5_000)
    await expect(lane.run('read', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO')
    expect(await lane.run('read', async () => 7)).toBe(7)
  })
})
