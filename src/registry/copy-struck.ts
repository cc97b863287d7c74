import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { strike } from '../domain/engine-key.ts'

/** Copies a file whose text may hold keys, and leaves those out. Every other byte stays as it is. */
export async function copyStruck(from: string, to: string, keys: readonly string[]): Promise<void> {
  const longest = Math.max(1, ...keys.map(key => key.length))
  await pipeline(
    createReadStream(from, { encoding: 'latin1' }),
    async function* (chunks: AsyncIterable<string>) {
      let rest = ''
      for await (const chunk of chunks) {
        const text = strike(rest + chunk, keys)
        // A key may go on in the next chunk.
        const end = Math.max(0, text.length - longest + 1)
        rest = text.slice(end)
        yield Buffer.from(text.slice(0, end), 'latin1')
      }
      yield Buffer.from(rest, 'latin1')
    },
    createWriteStream(to, { mode: 0o640 }),
  )
}
