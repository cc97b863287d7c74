import { describe, expect, it } from 'vitest'
import { createSerialQueue, SerialQueueTimeout } from '../../../src/adapters/system/serial-queue.ts'
import { manualClock, settle } from '../../support/manual-clock.ts'

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

describe('a serial queue', () => {
  it('has one call in flight, in the order in which they were asked for', async () => {
    const serialQueue = createSerialQueue(manualClock(), 5_000)
    const [one, two] = [call('one'), call('two')]
    const first = serialQueue.run('read one', one.work)
    const second = serialQueue.run('read two', two.work)
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
    const serialQueue = createSerialQueue(clock, 5_000)
    const [one, two, three] = [call('one'), call('two'), call('three')]
    const first = serialQueue.run('read one', one.work).catch((error: Error) => error)
    await clock.advance(4_000)
    const second = serialQueue.run('read two', two.work).catch((error: Error) => error)
    await clock.advance(1_000)
    expect(await first).toEqual(new SerialQueueTimeout('Cannot read one: no answer within 5 s (in flight: read one)'))
    await clock.advance(4_000)
    expect(await second).toEqual(new SerialQueueTimeout('Cannot read two: no answer within 5 s (in flight: read one)'))
    const third = serialQueue.run('read three', three.work)
    one.end() // the mount is back
    await settle()
    expect([two.started, three.started]).toEqual([[], ['three']]) // nobody waits for the second any more
    three.end()
    expect(await third).toBe('three')
  })

  it('goes on after a call that failed', async () => {
    const serialQueue = createSerialQueue(manualClock(), 5_000)
    await expect(serialQueue.run('read', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO')
    expect(await serialQueue.run('read', async () => 7)).toBe(7)
  })
})
