/** A body's bytes. Node's Buffer and that of nginx's njs both are this. */
export interface Bytes {
  readonly length: number
  readonly [index: number]: number
  indexOf(text: string, from: number): number
  toString(encoding: 'utf8', start: number, end: number): string
}

/** The string at one key of a request's body, or why there is none. */
export type TopLevelString =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'absent' | 'not an object' | 'not a string' | 'repeated' | 'too long' }

/** Bytes between the quotes: of a model's name, of an id. */
const LONGEST = 512

/**
 * Reads the string at `key`, of letters and underscores, at the top level of a JSON object, as `JSON.parse` would, without
 * parsing the rest: of a body of 100 KB the tokens on the shorter side of the key are read. A model inside a message, a tool
 * or metadata never counts.
 *
 * Exact for valid JSON; a body that is not valid gets any of these answers, and its engine refuses it. A key that is there
 * twice is `repeated`, because parsers differ in which of them counts.
 *
 * The work is linear in the length of the body. The code keeps to what njs 0.7.9 reads: no destructuring, spread,
 * `for … of`, classes, default parameters or `?.`.
 */
export function topLevelString(body: Bytes, key: string): TopLevelString {
  let start = 0
  let end = body.length
  while (start < end && isSpace(body[start])) start++
  while (end > start && isSpace(body[end - 1])) end--
  if (end - start < 2 || body[start] !== OPEN_BRACE || body[end - 1] !== CLOSE_BRACE) return { kind: 'not an object' }

  const quoted = `"${key}"`
  const first = body.indexOf(quoted, start)
  // A key may be written with escapes: "\u006dodel".
  const isPlain = body.indexOf('\\u00', start) < 0
  if (first < 0 && isPlain) return { kind: 'absent' }
  if (isPlain && body.indexOf(quoted, first + 1) < 0) {
    const value = valueAfter(body, first + quoted.length)
    // Within a string its quotes would be escaped; outside of strings there is no backslash.
    if (value < 0 || body[first - 1] === BACKSLASH || !isAtTop(body, start, first, end)) return { kind: 'absent' }
    return stringAt(body, value)
  }
  return walk(body, key, start, end)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Whether the token at `at` stands directly in the object: by the tokens before it or by those after it, which are fewer. */
function isAtTop(body: Bytes, start: number, at: number, end: number): boolean {
  return at - start < end - at ? depthAfter(body, start, at, 0) === 1 : depthAfter(body, at, end, 1) === 0
}

/** The depth after the tokens from `from` to `to`, neither of which may lie within a string, if it is `depth` before them. */
function depthAfter(body: Bytes, from: number, to: number, depth: number): number {
  let now = depth
  let at = from
  while (at < to) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = endOfString(body, at)
      if (at < 0) return -1
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) now++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) now--
    at++
  }
  return now
}

/** Token by token, for bodies in which the key stands more than once, or a key may be written with escapes. */
function walk(body: Bytes, key: string, start: number, end: number): TopLevelString {
  let found: TopLevelString = { kind: 'absent' }
  let depth = 0
  let at = start
  while (at < end) {
    const byte = body[at]
    if (byte !== QUOTE) {
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
      at++
      continue
    }
    const next = endOfString(body, at)
    if (next < 0) return { kind: 'absent' }
    const value = depth === 1 ? valueAfter(body, next) : -1
    if (value >= 0 && next - at <= LONGEST_KEY && text(body, at, next) === key) {
      if (found.kind !== 'absent') return { kind: 'repeated' }
      found = stringAt(body, value)
    }
    at = next
  }
  return found
}

/** Some thirty letters, each as `\u0000`, and two quotes. */
const LONGEST_KEY = 200

/** Where the value of a key begins that ends at `at`; -1 where no colon follows. */
function valueAfter(body: Bytes, at: number): number {
  let next = at
  while (isSpace(body[next])) next++
  if (body[next] !== COLON) return -1
  next++
  while (isSpace(body[next])) next++
  return next
}

function stringAt(body: Bytes, at: number): TopLevelString {
  if (body[at] !== QUOTE) return { kind: 'not a string' }
  const end = endOfString(body, at)
  if (end < 0) return { kind: 'not a string' }
  if (end - at > LONGEST + 2) return { kind: 'too long' }
  const read = text(body, at, end)
  return read === undefined ? { kind: 'not a string' } : { kind: 'string', text: read }
}

/** What the string from `at` to `end` says; undefined where it is none. */
function text(body: Bytes, at: number, end: number): string | undefined {
  try {
    return JSON.parse(body.toString('utf8', at, end))
  } catch (_) {
    return undefined
  }
}

/** Where the string that begins at `at` has ended; -1 where it does not end. */
function endOfString(body: Bytes, at: number): number {
  let quote = body.indexOf('"', at + 1)
  while (quote >= 0) {
    let before = quote - 1
    while (body[before] === BACKSLASH) before--
    if ((quote - before) % 2 === 1) return quote + 1
    quote = body.indexOf('"', quote + 1)
  }
  return -1
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
