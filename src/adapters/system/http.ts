import type { Socket } from 'node:net'
import { Agent, buildConnector, type Dispatcher, request } from 'undici'
import { codeOf } from '../../core/domain/caught.ts'
import { given } from '../../core/domain/given.ts'
import type { HttpAnswer } from '../../core/domain/http-answer.ts'

export interface Http {
  ask(url: string, options: HttpQuestion): Promise<HttpAnswer>
  /** Our ends of open connections, `address:port`, so that they are not counted as clients' requests. */
  ownEnds(): ReadonlySet<string>
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'POST'
  readonly json?: unknown
  /** The key for `Authorization`; undefined: the header is not sent. */
  readonly bearer?: string | undefined
  readonly timeoutMs: number
}

/** A client that closes each connection after its answer. */
export function createHttp(): Http {
  const ends = new Set<string>()
  const connect = buildConnector({})
  const agent = new Agent({
    // `timeoutMs` is the only limit: an engine may write a profile for longer than undici's own limits.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 0, // one request for each connection, so that we have no idle connection to an engine
    connect(options, done) {
      connect(options, (error, socket) => {
        if (error !== null) return done(error, null)
        track(socket)
        done(null, socket)
      })
    },
  })
  return {
    ownEnds: () => ends,
    async ask(url, { method = 'GET', json, bearer, timeoutMs }) {
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          },
          ...given({ body: JSON.stringify(json) }),
        })
        return await within(answer)
      } catch (error) {
        if (isTimeout(error)) return { kind: 'timeout' }
        return { kind: codeOf(error) === 'ECONNREFUSED' ? 'refused' : 'broken', message: String(error) }
      }
    },
  }

  function track(socket: Socket): void {
    const { localAddress, localPort } = socket
    if (localAddress === undefined || localPort === undefined) return
    const end = `${localAddress}:${localPort}`
    ends.add(end)
    socket.once('close', () => ends.delete(end))
  }
}

/**
 * The whole answer, which an engine may never end. An answer that is longer than any expected one is refused, because its beginning
 * alone is useless.
 */
async function within({ statusCode, body }: Dispatcher.ResponseData): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    // Leaving the loop closes the connection.
    if (length > MAX_ANSWER_BYTES) {
      return { kind: 'broken', message: `its answer has more than ${MAX_ANSWER_BYTES} bytes` }
    }
    chunks.push(chunk)
  }
  return { kind: 'answered', status: statusCode, text: Buffer.concat(chunks).toString('utf8') }
}

/** Ten times the metrics of an engine with many models. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'ConnectTimeoutError')
}
