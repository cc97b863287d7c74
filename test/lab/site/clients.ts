import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { until } from '../../support/until.ts'
import { FAST_MODEL, GATEWAY, SLOW_MODEL } from './site.ts'

/** What became of one request. */
export interface Outcome {
  /**
   * `whole`: every token came, and the end. Anything else is lost: not 2xx, reset, or a stream without its end — without
   * the client retrying.
   */
  readonly lost: string | undefined
  /** The answer had begun to come. */
  readonly begun: boolean
  readonly request: Request
  /** Milliseconds of performance.now(). */
  readonly startedAt: number
  readonly endedAt: number
}

/**
 * A slow stream, a fast stream and an answer in one piece: together they take every way through the gateway. Each slow
 * token costs a core 14 ms, and what is left of two cores is what Slurm and the updater have.
 */
export const EVERY_KIND: readonly Request[] = [
  { model: SLOW_MODEL, tokens: 20, stream: true },
  { model: FAST_MODEL, tokens: 100, stream: true },
  { model: FAST_MODEL, tokens: 20, stream: false },
]

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
export function startClients(count: number, kinds: readonly Request[], baseURL?: string): Load {
  return startResting(count, kinds, { baseURL, restMs: () => 0 })
}

interface Pace {
  readonly baseURL?: string | undefined
  /** How long a client waits after an answer that took so long, when so many have come to all. */
  restMs(answers: number, tookMs: number): number
}

function startResting(count: number, kinds: readonly Request[], { baseURL, restMs }: Pace): Load {
  const outcomes: Outcome[] = []
  const stopped = new AbortController()
  const { signal } = stopped
  const clients = Array.from({ length: count }, async (_, client) => {
    for (let turn = client; !signal.aborted; turn += 1) {
      const kind = kinds[turn % kinds.length]
      if (kind === undefined) continue
      const outcome = await send(kind, openAi(baseURL))
      outcomes.push(outcome)
      const ms = restMs(outcomes.length, outcome.endedAt - outcome.startedAt)
      if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined) // stopped
    }
  })
  return {
    outcomes,
    async stop() {
      stopped.abort()
      await Promise.all(clients)
      return outcomes
    },
  }
}

/** So many answers at full tilt see to it that what is done first is done to engines that are busy. */
const AT_FULL_TILT = 24
/**
 * Then some five requests a second, and fewer where others load the machine: much of a test is waiting, and engines that
 * are full take what the rest of it needs.
 */
const REST_MS = 1_000

/**
 * Does something while six clients are being answered: before it, during it and after it. They send as fast as they are
 * answered but for the length of it. Returns what became of all.
 */
export async function underLoad(work: (load: Load) => Promise<void>): Promise<readonly Outcome[]> {
  let restsAfter = Number.POSITIVE_INFINITY
  const restMs = (answers: number, tookMs: number) => (answers > restsAfter ? Math.max(REST_MS, tookMs) : 0)
  const load = startResting(6, EVERY_KIND, { restMs })
  const more = (count: number) => {
    const wanted = load.outcomes.length + count
    return until(`${count} more answers`, () => load.outcomes.length >= wanted, { timeoutMs: 60_000 })
  }
  try {
    await more(12)
    restsAfter = load.outcomes.length + AT_FULL_TILT
    await work(load)
    restsAfter = Number.POSITIVE_INFINITY
    await more(12)
  } finally {
    await load.stop()
  }
  return load.outcomes
}

export function lostOf(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter(one => one.lost !== undefined)
}

/** The lost requests but for those that the rules allow to be lost. */
export function lostBeyond(outcomes: readonly Outcome[], isAllowed: (lost: Outcome) => boolean): Outcome[] {
  return lostOf(outcomes).filter(one => !isAllowed(one))
}

/**
 * Whether the answer is a router's word for the end of its model's process. Slurm kills the processes of an engine in any
 * order, and what that process had breaks so where it goes first.
 */
export function isOfDeadModel({ lost = '' }: Outcome): boolean {
  return /^Error: 500 proxy error: Failed to read connection/.test(lost)
}

/** One chat completion; never rejects. */
export async function send(request: Request, client = openAi()): Promise<Outcome> {
  const startedAt = performance.now()
  let begun = false
  const begin = () => {
    begun = true
  }
  const lost = await ask(client, request, begin).then(
    tokens => (tokens === request.tokens ? undefined : `${tokens} of ${request.tokens} tokens`),
    error => describeError(error),
  )
  return { lost, begun, request, startedAt, endedAt: performance.now() }
}

/** With its causes: whether a connection was refused or broken is said by the last. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const words = `${error.name}: ${error.message || String(Object(error).code)}`
  return error.cause === undefined ? words : `${words}: ${describeError(error.cause)}`
}

/** The number of tokens that came; rejects when the answer broke or did not end. */
async function ask(client: OpenAI, { model, tokens, stream }: Request, begin: () => void): Promise<number> {
  const body = { model, max_tokens: tokens, messages: [{ role: 'user' as const, content: 'hello' }] }
  if (!stream) return (await client.chat.completions.create(body)).usage?.completion_tokens ?? 0
  let received = 0
  let finished = false
  const answer = await client.chat.completions.create({ ...body, stream: true })
  begin()
  for await (const chunk of answer) {
    const choice = chunk.choices[0]
    if (choice?.delta.content) received += 1
    if (choice?.finish_reason === 'length') finished = true
  }
  if (!finished) throw new Error(`a stream without its end, after ${received} tokens`)
  return received
}
