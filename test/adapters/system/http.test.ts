import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createHttp } from '../../../src/adapters/system/http.ts'

async function answering(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    [Symbol.dispose]: () => void server.close(),
  }
}

it('reads an answer that ends', async () => {
  using engine = await answering(response => response.end('{"status":"ok"}'))
  const answer = await createHttp().ask(engine.url, { timeoutMs: 10_000 })
  expect(answer).toEqual({ kind: 'answered', status: 200, text: '{"status":"ok"}' })
})

it('takes an answer that never ends for none, and closes its connection', async () => {
  let closed = Promise.resolve<unknown>(undefined)
  using engine = await answering(response => {
    closed = once(response, 'close')
    const more = () => {
      if (response.destroyed) return
      if (response.write(Buffer.alloc(64 * 1024, 'x'))) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  const answer = await createHttp().ask(engine.url, { timeoutMs: 10_000 })
  expect(answer).toEqual({ kind: 'broken', message: 'its answer has more than 4194304 bytes' })
  await closed
})
