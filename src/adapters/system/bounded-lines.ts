import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { messageOf } from '../../core/domain/caught.ts'

/** Messages as lines of JSON. `message` delivers each; `disconnect` reports the end once, with the reason if we closed it. */
export interface BoundedLines extends EventEmitter<{ message: [unknown]; disconnect: [reason?: string] }> {
  send(message: unknown): void
  close(reason?: string): void
}

/**
 * Node's own channel between processes (`ipc`) keeps lines of any length and unread answers in memory. This one is closed instead,
 * over `maxBytes` of either, and at a line that is not JSON.
 */
export function boundedLines(stream: Duplex, maxBytes = MOST_BYTES): BoundedLines {
  let parts: Buffer[] = []
  let bytes = 0
  let isOver = false
  const lines = Object.assign(new EventEmitter<{ message: [unknown]; disconnect: [reason?: string] }>(), {
    send(message: unknown) {
      if (isOver) return
      stream.write(`${JSON.stringify(message)}\n`)
      if (stream.writableLength > maxBytes) end(`more than ${maxBytes} bytes wait to be read`)
    },
    close: (reason?: string) => end(reason),
  })
  stream.on('data', (chunk: Buffer) => {
    for (let rest = chunk; !isOver && rest.length > 0; ) {
      const at = rest.indexOf(NEWLINE)
      const part = at < 0 ? rest : rest.subarray(0, at)
      bytes += part.length
      if (bytes > maxBytes) return end(`a message has more than ${maxBytes} bytes`)
      parts.push(part)
      if (at < 0) return
      rest = rest.subarray(at + 1)
      take(Buffer.concat(parts).toString())
    }
  })
  stream.once('end', () => end())
  stream.once('close', () => end())
  stream.on('error', error => end(messageOf(error)))
  return lines

  function take(line: string): void {
    parts = []
    bytes = 0
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      end('a message is not JSON')
      return
    }
    lines.emit('message', message)
  }

  function end(reason?: string): void {
    if (isOver) return
    isOver = true
    parts = []
    stream.destroy()
    lines.emit('disconnect', reason)
  }
}

const NEWLINE = 10

// A model of 4096 endpoints with a key each has about 2 MB.
const MOST_BYTES = 8 * 1024 * 1024
