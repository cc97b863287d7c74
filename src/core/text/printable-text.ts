/**
 * ECMA-48, after ESC: a control sequence (CSI); a string (OSC, DCS, SOS, PM, APC) with its end, BEL or ST; any other escape
 * sequence. Each ends before the next ESC, so that the time is linear in the text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|[ -/]*[0-~])/g

/** Ends of lines, and returns to the beginning of a line, as progress bars print them. */
const RETURNS = /\r+(?=\n|$)/g

/** Controls (C0 without tab and line feed, DEL, C1), other ends of lines, and characters that change the direction of text. */
const UNPRINTABLE = /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** The text without colours, titles and other terminal sequences. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, '')
}

/**
 * Text of any origin in a form that is safe for a terminal: it can neither move the cursor nor write elsewhere. Sequences are
 * left out. Any other control is shown as its JSON escape, so that a line of JSON keeps its meaning (JSON strings have no raw
 * ESC and no line feed).
 */
export function printable(text: string): string {
  return withoutSequences(text)
    .replaceAll(RETURNS, '')
    .replaceAll('\r', ' ')
    .replaceAll(UNPRINTABLE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same for one line: a quoted name or message cannot start a second line that would look like ours. */
export function printableLine(line: string): string {
  return printable(line).replace(/\n+$/, '').replaceAll('\n', '\\n')
}
