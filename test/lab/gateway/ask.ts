import { type Agent, type IncomingMessage, request } from 'node:http'

export interface Question {
  /** 127.0.0.1 where it is absent. */
  readonly host?: string
  readonly port: number
  /** Goes into the request line as it is. */
  readonly path: string
  /** Given: POST. */
  readonly body?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Absent: a connection of its own. */
  readonly agent?: Agent
  /** The address of this machine to come from. */
  readonly localAddress?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** The whole answer; rejects when the connection breaks. */
export async function ask(question: Question): Promise<Answer> {
  const response = await openAnswer(question)
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(parts).toString(),
  }
}

/** The answer as soon as its head is there. */
export function openAnswer(question: Question): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: question.host ?? '127.0.0.1',
        port: question.port,
        path: question.path,
        method: question.method ?? (question.body === undefined ? 'GET' : 'POST'),
        headers: { ...question.headers },
        agent: question.agent ?? false,
        localAddress: question.localAddress,
      },
      resolve,
    )
    sent.once('error', reject)
    sent.end(question.body)
  })
}

/** The type and code of an answer in OpenAI's error shape, with its status. */
export function errorOf(answer: Answer): { status: number; type: string; code: string; param: null } {
  const { error } = JSON.parse(answer.text)
  return { status: answer.status, type: error.type, code: error.code, param: error.param }
}
