import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server in the place of an engine, and what reached it. */
export interface StandInEngine {
  readonly port: number
  /** Requests in the order of their arrival. */
  readonly received: readonly ReceivedRequest[]
  readonly isDead: boolean
  /** As a process that dies: every connection breaks, the port refuses. */
  die(): Promise<void>
}

export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type EngineAnswer = (
  request: ReceivedRequest,
  response: ServerResponse,
  engine: StandInEngine,
) => void | Promise<void>

/** `port` 0 takes a free one. */
export async function startEngine(answer: EngineAnswer = sayOwnPort, port = 0): Promise<StandInEngine> {
  const received: ReceivedRequest[] = []
  let isDead = false
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const body = await textOf(request)
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    received.push(one)
    await answer(one, response, engine)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const engine: StandInEngine = {
    port: (server.address() as AddressInfo).port,
    received,
    get isDead() {
      return isDead
    },
    async die() {
      if (isDead) return
      isDead = true
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
  return engine
}

export function sayOwnPort(_request: ReceivedRequest, response: ServerResponse, engine: StandInEngine): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ port: engine.port }))
}

/**
 * A port that refuses connections until somebody takes it: below those that the kernel gives to whoever asks for any, so that
 * no engine of the same test gets it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    nextPort += 1
    const port = nextPort
    const server = createServer()
    const isFree = await new Promise(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

let nextPort = 21_000

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString()
}
