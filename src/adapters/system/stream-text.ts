import { addAbortSignal, type Readable } from 'node:stream'

/**
 * The whole UTF-8 text of a stream from outside.
 *
 * @throws when there are more than `maxBytes` (continues "Cannot read <what>: "), or the signal aborts before the end.
 */
export async function readStreamText(stream: Readable, maxBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of addAbortSignal(signal, stream)) {
    const part = Buffer.from(chunk)
    length += part.length
    if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}
