import { PassThrough, Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { readStreamText } from '../../../src/adapters/system/stream-text.ts'

const never = new AbortController().signal

it('reads a text to its end, also where a character comes in two pieces', async () => {
  expect(await readStreamText(Readable.from([Buffer.of(0xc3), Buffer.of(0xa4), Buffer.from('b')]), 3, never)).toBe('äb')
})

it('ends at the first byte too many, and takes nothing more from who writes on for ever', async () => {
  let given = 0
  const endless = new Readable({
    read() {
      given += 1
      this.push(Buffer.alloc(1024))
    },
  })
  await expect(readStreamText(endless, 100_000, never)).rejects.toThrow('it has more than 100000 bytes')
  expect([endless.destroyed, given < 200]).toEqual([true, true])
})

it('ends at the signal where there is no writer', async () => {
  const ending = new AbortController()
  const reading = readStreamText(new PassThrough(), 100, ending.signal)
  ending.abort('SIGTERM')
  await expect(reading).rejects.toThrow()
})
