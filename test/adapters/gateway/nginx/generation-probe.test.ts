import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { askGeneration } from '../../../../src/adapters/gateway/nginx/generation-probe.ts'

/** Asks what stands in the place of a gateway, on a port that anybody may have taken. */
async function askOf(answer: Readable): Promise<number | undefined> {
  const server = createServer((_, response) => {
    answer.pipe(response).once('close', () => answer.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return askGeneration({ url: `http://127.0.0.1:${port}` })
}

it('reads the number of a generation', async () => {
  expect(await askOf(Readable.from(['4', '2']))).toBe(42)
})

it('an answer that is longer than any number is none', async () => {
  expect(await askOf(Readable.from(['1'.repeat(20_000), ' '.repeat(20_000)]))).toBeUndefined()
})
