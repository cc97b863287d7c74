import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { modelList, readDemoRequest, streamedAnswer, wholeAnswer } from './answer.ts'

export interface DemoEngineOptions {
  readonly host: string
  readonly port: number
  /** Names that it lists; it accepts any name. */
  readonly models: readonly string[]
  /** The key that it requires, except for its health path; undefined: none. */
  readonly key?: string | undefined
  readonly signal: AbortSignal
}

/** The pause between two words of a stream: visible, and over in a second. */
const TOKEN_MS = 20
/** The gateway's own limit. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/**
 * Serves until the signal, which also ends running answers.
 *
 * @throws when it cannot listen.
 */
export async function serveDemoEngine({ host, port, models, key, signal }: DemoEngineOptions): Promise<void> {
  const created = now()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy()) // its client has gone, or sent too much
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve)
  })
  await new Promise<void>(resolve => {
    const end = () => {
      server.close(() => resolve())
      server.closeAllConnections()
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${request.url?.split('?')[0]}`
    const body = await readBody(request)
    if (key !== undefined && route !== 'GET /health' && !carries(request, key)) {
      return refuse(response, 401, 'Invalid API Key')
    }
    switch (route) {
      case 'GET /health':
        return reply(response, 200, { status: 'ok' })
      case 'GET /v1/models':
        return reply(response, 200, modelList(models, created))
      case 'POST /v1/chat/completions':
        return complete('chat', body, response)
      case 'POST /v1/completions':
        return complete('completion', body, response)
      default:
        return refuse(response, 404, `Sluice's demo engine does not serve ${route}`)
    }
  }

  async function complete(kind: 'chat' | 'completion', body: string, response: ServerResponse): Promise<void> {
    const asked = readDemoRequest(kind, body, models)
    if ('problem' in asked) return refuse(response, 400, asked.problem)
    const stamp = { id: randomUUID(), created: now() }
    if (!asked.stream) return reply(response, 200, wholeAnswer(asked, stamp))
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    for (const event of streamedAnswer(asked, stamp)) {
      if (response.destroyed) return
      response.write(`data: ${JSON.stringify(event)}\n\n`)
      await sleep(TOKEN_MS)
    }
    response.end('data: [DONE]\n\n')
  }
}

/** In constant time, which reveals nothing about the key. */
function carries({ headers }: IncomingMessage, key: string): boolean {
  const [given, wanted] = [headers.authorization ?? '', `Bearer ${key}`].map(text =>
    createHash('sha256').update(text).digest(),
  )
  return given !== undefined && wanted !== undefined && timingSafeEqual(given, wanted)
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, message: string): void {
  reply(response, status, { error: { message, type: 'invalid_request_error', param: null, code: null } })
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) throw new Error(`More than ${MAX_BODY_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function now(): number {
  return Math.floor(Date.now() / 1_000)
}
