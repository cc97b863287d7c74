/** A request to a demo engine, as far as it understands it. */
export interface DemoRequest {
  readonly kind: 'chat' | 'completion'
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  readonly stream: boolean
  readonly includeUsage: boolean
}

/** Every answer has these: its number, and its time in seconds since 1970. */
export interface Stamp {
  readonly id: string
  readonly created: number
}

const MOST_REPEATED = 200
/** Distinguishes it from a model's answer for clients that keep only the fields. */
const FINGERPRINT = 'sluice-demo-engine'

/** Reads a body of /v1/chat/completions or /v1/completions; a problem in words if it is wrong. */
export function readDemoRequest(
  kind: DemoRequest['kind'],
  body: string,
  models: readonly string[],
): DemoRequest | { readonly problem: string } {
  let asked: unknown
  try {
    asked = JSON.parse(body)
  } catch {
    return { problem: 'The body is not JSON' }
  }
  if (!isRecord(asked)) return { problem: 'The body is not a JSON object' }
  const prompt = kind === 'chat' ? lastMessage(asked['messages']) : promptOf(asked['prompt'])
  if (prompt === undefined) return { problem: kind === 'chat' ? '"messages" is missing' : '"prompt" is missing' }
  const limit = asked['max_completion_tokens'] ?? asked['max_tokens']
  return {
    kind,
    model: typeof asked['model'] === 'string' ? asked['model'] : (models[0] ?? 'demo'),
    prompt,
    maxTokens: typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : Number.POSITIVE_INFINITY,
    stream: asked['stream'] === true,
    includeUsage: isRecord(asked['stream_options']) && asked['stream_options']['include_usage'] === true,
  }
}

/** The answer in tokens, which are words here. It begins with a statement that this is the demo engine. */
export function tokensOf({ prompt, maxTokens }: DemoRequest): { tokens: string[]; isCut: boolean } {
  const quoted = prompt.length > MOST_REPEATED ? `${prompt.slice(0, MOST_REPEATED)}…` : prompt
  const text = `This is Sluice's demo engine, not a language model: it repeats what reached it. You wrote: ${quoted}`
  const tokens = text.split(/(?= )/)
  return { tokens: tokens.slice(0, maxTokens), isCut: tokens.length > maxTokens }
}

/** The body of a plain answer. */
export function wholeAnswer(request: DemoRequest, { id, created }: Stamp): object {
  const { tokens, isCut } = tokensOf(request)
  const text = tokens.join('')
  const finish_reason = isCut ? 'length' : 'stop'
  const choice =
    request.kind === 'chat'
      ? { index: 0, message: { role: 'assistant', content: text }, logprobs: null, finish_reason }
      : { index: 0, text, logprobs: null, finish_reason }
  return { ...head(request, { id, created }, false), choices: [choice], usage: usageOf(request, tokens) }
}

/** The events of a streamed answer, in order, each the JSON of one `data:` line; `[DONE]` follows them. */
export function streamedAnswer(request: DemoRequest, stamp: Stamp): object[] {
  const { tokens, isCut } = tokensOf(request)
  const chunk = (choice: object) => ({
    ...head(request, stamp, true),
    choices: [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
  })
  const finish_reason = isCut ? 'length' : 'stop'
  const isChat = request.kind === 'chat'
  return [
    ...(isChat ? [chunk({ delta: { role: 'assistant', content: '' } })] : []),
    ...tokens.map(token => chunk(isChat ? { delta: { content: token } } : { text: token })),
    chunk(isChat ? { delta: {}, finish_reason } : { text: '', finish_reason }),
    ...(request.includeUsage ? [{ ...head(request, stamp, true), choices: [], usage: usageOf(request, tokens) }] : []),
  ]
}

/** /v1/models, with the fields that clients and Sluice's own health check read. */
export function modelList(models: readonly string[], created: number): object {
  return { object: 'list', data: models.map(id => ({ id, object: 'model', created, owned_by: FINGERPRINT })) }
}

function head({ kind, model }: DemoRequest, { id, created }: Stamp, isChunk: boolean): object {
  const object = kind === 'chat' ? `chat.completion${isChunk ? '.chunk' : ''}` : 'text_completion'
  return {
    id: `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${id}`,
    object,
    created,
    model,
    system_fingerprint: FINGERPRINT,
  }
}

function usageOf({ prompt }: DemoRequest, tokens: readonly string[]): object {
  const prompt_tokens = prompt.split(/\s+/).filter(word => word !== '').length
  return { prompt_tokens, completion_tokens: tokens.length, total_tokens: prompt_tokens + tokens.length }
}

/** The text of the last message: a string, or the text parts of a list. */
function lastMessage(messages: unknown): string | undefined {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined
  if (!isRecord(last)) return undefined
  const { content } = last
  if (typeof content === 'string') return content
  const parts = Array.isArray(content) ? content : []
  return parts.flatMap(part => (isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : [])).join(' ')
}

function promptOf(prompt: unknown): string | undefined {
  if (typeof prompt === 'string') return prompt
  return Array.isArray(prompt) ? prompt.filter(part => typeof part === 'string').join(' ') : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
