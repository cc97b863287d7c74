/**
 * ECMA-48, after ESC: a control sequence (CSI); a string (OSC, DCS, SOS, PM, APC) with its end, BEL or ST; any other
 * escape sequence. Each ends before the next ESC, so that many of them take no more than a look at each character.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|[ -/]*[0-~])/g

/** Of a line that ends or goes back to its beginning, as bars of progress do. */
const RETURNS = /\r+(?=\n|$)/g

/** Controls (C0 without tab and line feed, DEL, C1), the other ends of lines, and what changes the direction of text. */
const UNPRINTABLE = /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** The text without colours, titles and whatever else a program tells a terminal in whole sequences. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, '')
}

/**
 * Text of any origin as a terminal may get it: it can neither move nor write elsewhere. Sequences are left out; any other
 * control is shown as JSON escapes it, so that a line of JSON keeps its meaning (it has no ESC and no line feed in its texts).
 */
export function printable(text: string): string {
  return withoutSequences(text)
    .replaceAll(RETURNS, '')
    .replaceAll('\r', ' ')
    .replaceAll(UNPRINTABLE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same of what is one line: a name or a message that it quotes cannot make a second one, which would read as ours. */
export function printableLine(line: string): string {
  return printable(line).replace(/\n+$/, '').replaceAll('\n', '\\n')
}
