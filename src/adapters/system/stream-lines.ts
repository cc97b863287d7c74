import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A longer line comes in pieces, so that a line without an end does not fill the memory. */
const MOST_CHARACTERS = 64 * 1024

/** Calls `onLine` with each line of UTF-8 text, and at the end of the stream with the rest. */
export function onStreamLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    for (; rest.length > MOST_CHARACTERS; rest = rest.slice(MOST_CHARACTERS)) onLine(rest.slice(0, MOST_CHARACTERS))
  })
  stream.once('end', () => {
    rest += decoder.end()
    if (rest !== '') onLine(rest)
    rest = ''
  })
}
