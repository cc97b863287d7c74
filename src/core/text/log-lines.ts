/** A line of one of a replica's files. */
export interface LogLine {
  /** The label before the line: its source. */
  readonly label: string
  readonly text: string
}

/** The new lines of one file, in its order. */
export interface LogPart {
  readonly label: string
  readonly lines: readonly string[]
  /** When the file was last written, epoch milliseconds, for lines without a time. */
  readonly writtenAt: number
}

/**
 * The lines of several files in the order of time. A line without a time of its own has the time of the line before it. Without a
 * line before it, as in the logs of engines, it has the time of its file. The order within a file does not change.
 */
export function inOrder(parts: readonly LogPart[]): readonly LogLine[] {
  return parts
    .flatMap(({ label, lines, writtenAt }) => {
      let at = Number.NEGATIVE_INFINITY
      const times = lines.map(line => {
        at = Math.max(at, timeOf(line) ?? at)
        return at
      })
      return lines.map((text, index) => {
        const time = times[index] ?? writtenAt
        return { label, text, at: Number.isFinite(time) ? time : writtenAt }
      })
    })
    .toSorted((one, other) => one.at - other.at) // stable
    .map(({ label, text }) => ({ label, text }))
}

/** An event as one or more lines for people; any other line unchanged. */
export function readableLines(line: string): readonly string[] {
  const event = eventOf(line)
  if (event === undefined) return [line]
  const { at, event: name, message, ...details } = event
  if (name === 'standing') return [`${secondsOf(at)} ${wordOf(details['id'])}: ${wordOf(details['standing'])}`]
  const pairs = Object.entries(details).flatMap(([key, value]) =>
    value === null || value === undefined || wordOf(value) === '' ? [] : [`${key} ${wordOf(value)}`],
  )
  const [first, ...rest] = typeof message === 'string' ? message.split('\n') : []
  const head = `${secondsOf(at)} ${name}${pairs.length === 0 ? '' : ` (${pairs.join(', ')})`}`
  return [first === undefined ? head : `${head}: ${first}`, ...rest.map(text => `    ${text}`)]
}

function secondsOf(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z')
}

function timeOf(line: string): number | undefined {
  const event = eventOf(line)
  const at = event === undefined ? Number.NaN : Date.parse(event.at)
  return Number.isNaN(at) ? undefined : at
}

function eventOf(line: string): ({ at: string; event: string } & Record<string, unknown>) | undefined {
  if (!line.startsWith('{"at":"')) return undefined
  try {
    const value = JSON.parse(line)
    return typeof value.at === 'string' && typeof value.event === 'string' ? value : undefined
  } catch {
    return undefined // torn, or cut
  }
}

function wordOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(wordOf).join(' ')
  return JSON.stringify(value)
}
