import { withoutSequences } from '../../core/text/printable-text.ts'

/** One line of a journal. */
export interface JournalEvent {
  readonly event: string
  readonly [detail: string]: unknown
}

/** Undefined when the line is not one of a journal. */
export function parseEvent(line: string): JournalEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isEvent = typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
    return isEvent ? (value as JournalEvent) : undefined
  } catch {
    return undefined
  }
}

/** A supervisor's event in words for people; undefined for events that people need not see. */
export function describeReplicaEvent({ event, message, ...detail }: JournalEvent): string | undefined {
  switch (event) {
    case 'engine exited':
      return `the engine ended: ${shorten(message)}`
    case 'engine unfit':
      return `the engine is restarted: ${shorten(message)}`
    case 'failed':
      return typeof message === 'string'
        ? `${shorten(message)}`
        : 'given up: its engine does not start; its supervisor is restarted'
    case 'asked to leave':
      return detail['comeBack'] === true
        ? 'leaving: an operator asked for it; it will be restarted'
        : 'leaving: an operator asked for it; this sluice up will not restart it'
    case 'drained':
      return detail['outcome'] === 'deadline' ? `requests were cut: they took too long to end` : undefined
    case 'cannot':
      return `cannot ${detail['what']}: ${shorten(detail['error'])}`
    case 'trouble':
      return `${detail['what']}: ${shorten(message)}`
    default:
      return undefined
  }
}

/** Like describeReplicaEvent, for the updater in this process. */
export function describeUpdaterEvent({ event, message, ...detail }: JournalEvent): string | undefined {
  if (event === 'trouble') return shorten(message)
  if (event === 'recovered') return `${detail['what']} is well again`
  return event === 'bad file' ? shorten(message) : undefined
}

/** The messages for tiers whose endpoints in nginx have changed; both maps have ids by tier. */
export function describeRoutes(
  before: Readonly<Record<string, readonly string[]>>,
  after: Readonly<Record<string, readonly string[]>>,
  urlOf: (tier: string) => string,
): [tier: string, line: string][] {
  return Object.entries(after).flatMap(([tier, ids]) => {
    const [had, has] = [before[tier]?.length ?? 0, ids.length]
    if (had === has) return []
    if (has === 0) return [[tier, 'no engine; clients get 503 with Retry-After']]
    return [[tier, `${has === 1 ? 'one engine answers' : `${has} engines answer`} at ${urlOf(tier)}`]]
  })
}

/** The first line of a long text, the line with the reason, and the last lines, shortened for a terminal. */
function shorten(text: unknown): string {
  const lines = withoutSequences(String(text))
    .split(/[\r\n]+/)
    .map(line => line.replaceAll(/\p{Cc}/gu, ' ').trim())
    .filter(line => line !== '')
  if (lines.length <= 3) return lines.join(' | ').slice(0, MAX_CHARACTERS)
  // An engine prints the reason once, and then its consequences. The first line begins with how it ended.
  const reasonAt = lines.findIndex((line, at) => at > 0 && REASON.test(line))
  const kept = new Set([0, ...(reasonAt === -1 ? [lines.length - 2] : [reasonAt]), lines.length - 1])
  const shown = lines.flatMap((line, at) => {
    if (!kept.has(at)) return []
    return at > 0 && !kept.has(at - 1) ? ['…', line.slice(0, MAX_LINE)] : [line.slice(0, MAX_LINE)]
  })
  return shown.join(' | ').slice(0, MAX_CHARACTERS)
}

const REASON =
  /\b(?:errors?|invalid|unknown|unrecognized|unsupported|fail(?:ed|ure)?|cannot|could not|couldn't|unable|out of memory|no such|corrupted|denied)\b/i
const MAX_LINE = 250

const MAX_CHARACTERS = 600
