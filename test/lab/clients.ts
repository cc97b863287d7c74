import OpenAI from 'openai'
import { GATEWAY } from './site.ts'

/** What became of one request. */
export interface Outcome {
  /**
   * `whole`: every token came, and the end. Anything else is lost: not 2xx, reset, or a stream without its end — without
   * the client retrying.
   */
  readonly lost: string | undefined
  readonly startedAt: number
  readonly endedAt: number
}

export interface Load {
  readonly outcomes: readonly Outcome[]
  /** Lets running requests end, and returns what became of all. */
  stop(): Promise<readonly Outcome[]>
}

export interface Request {
  readonly model: string
  readonly tokens: number
  readonly stream: boolean
}

/** The OpenAI client as users have it, but for its retries: what it would hide, we count. */
export function openAi(baseURL = `${GATEWAY}/v1`): OpenAI {
  return new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0, timeout: 120_000 })
}

/** So many clients, each sending one request after the other, the kinds in turn, until stopped. */
export function startClients(count: number, kinds: readonly Request[]): Load {
  const outcomes: Outcome[] = []
  let stopped = false
  const clients = Array.from({ length: count }, async (_, client) => {
    for (let turn = client; !stopped; turn += 1) {
      const kind = kinds[turn % kinds.length]
      if (kind !== undefined) outcomes.push(await send(kind))
    }
  })
  return {
    outcomes,
    async stop() {
      stopped = true
      await Promise.all(clients)
      return outcomes
    },
  }
}

/** One chat completion; never rejects. */
export async function send(request: Request, client = openAi()): Promise<Outcome> {
  const startedAt = performance.now()
  const lost = await ask(client, request).then(
    tokens => (tokens === request.tokens ? undefined : `${tokens} of ${request.tokens} tokens`),
    error => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  )
  return { lost, startedAt, endedAt: performance.now() }
}

/** The number of tokens that came; rejects when the answer broke or did not end. */
async function ask(client: OpenAI, { model, tokens, stream }: Request): Promise<number> {
  const body = { model, max_tokens: tokens, messages: [{ role: 'user' as const, content: 'hello' }] }
  if (!stream) return (await client.chat.completions.create(body)).usage?.completion_tokens ?? 0
  let received = 0
  let finished = false
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    const choice = chunk.choices[0]
    if (choice?.delta.content) received += 1
    if (choice?.finish_reason === 'length') finished = true
  }
  if (!finished) throw new Error(`a stream without its end, after ${received} tokens`)
  return received
}
