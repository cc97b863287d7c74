import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import { boundedLines } from '../../../src/adapters/system/bounded-lines.ts'

/** A stream whose other end the test is; what is written stays until it is taken. */
function opened(maxBytes: number) {
  const stream = new Duplex({ read() {}, write() {}, highWaterMark: 1 })
  const seen: unknown[] = []
  const lines = boundedLines(stream, maxBytes)
  lines.on('message', message => seen.push(message))
  lines.once('disconnect', reason => seen.push(`over: ${reason}`))
  const come = async (...chunks: string[]) => {
    for (const chunk of chunks) stream.emit('data', Buffer.from(chunk))
  }
  return { stream, lines, seen, come }
}

it('messages come as they were cut, and as they were joined', async () => {
  const { seen, come } = opened(20)
  await come('{"a"', ':"é"}\n[1]\n', '2\n')
  expect(seen).toEqual([{ a: 'é' }, [1], 2])
})

it.each<[string, string[], string]>([
  ['is too long', ['"0123456789', '0123456789"'], 'over: a message has more than 20 bytes'],
  ['is not JSON', ['{\n1\n'], 'over: a message is not JSON'],
])('a message that %s ends it, and nothing comes after', async (_what, chunks, reason) => {
  const { seen, come, stream } = opened(20)
  await come(...chunks, '3\n')
  expect(seen).toEqual([reason])
  expect(stream.destroyed).toBe(true)
})

it('messages that are short each may be long together', async () => {
  const { seen, come } = opened(20)
  for (let count = 0; count < 30; count += 1) await come('"0123', '45678"\n')
  expect(seen).toHaveLength(30)
})

it('the end comes once, whoever brings it, and nothing is sent after it', async () => {
  const { stream, lines, seen } = opened(20)
  const ends: unknown[] = []
  lines.on('disconnect', reason => ends.push(reason))
  lines.close('enough')
  lines.close('again')
  lines.send(1)
  stream.emit('end')
  stream.emit('error', new Error('late'))
  await once(stream, 'close')
  expect([ends, seen, stream.writableLength]).toEqual([['enough'], ['over: enough'], 0])
})

it.each<[string, (stream: Duplex) => unknown, string]>([
  ['an error', stream => stream.destroy(new Error('EPIPE')), 'over: EPIPE'],
  ['its other end', stream => stream.emit('end'), 'over: undefined'],
  ['its close', stream => stream.destroy(), 'over: undefined'],
])('%s of the stream is the end', async (_what, harm, told) => {
  const { stream, seen } = opened(20)
  harm(stream)
  await once(stream, 'close').catch(() => undefined)
  expect(seen).toEqual([told])
})

it('answers that wait for nobody end it', () => {
  const { lines, seen } = opened(20)
  for (let count = 0; count < 3; count += 1) lines.send('0123456789')
  expect(seen).toEqual(['over: more than 20 bytes wait to be read'])
})
