import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { onStreamLines } from '../../../src/adapters/system/stream-lines.ts'

function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  onStreamLines(stream, line => lines.push(line))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  return new Promise(resolve => stream.once('end', () => resolve(lines)))
}

it('gives whole lines, and what stands after the last', async () => {
  expect(await linesOf('a\nb', 'c\r\n', '\n', Buffer.of(0xc3), Buffer.of(0xa4))).toEqual(['a', 'bc', '', 'ä'])
})

it('gives a line that never ends in pieces of 64 Ki', async () => {
  const lines = await linesOf(...Array.from({ length: 10 }, () => 'x'.repeat(20_000)))
  expect(lines.map(line => line.length)).toEqual([65_536, 65_536, 65_536, 3_392])
})
