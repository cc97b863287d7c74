import type { Problem } from '../domain/problem.ts'

/** A thousand tiers fit; the parser takes seconds for a megabyte of brackets. */
export const MAX_TEXT_LENGTH = 262_144

/** Why `text` cannot be YAML text (too large, not UTF-8, binary), or undefined. */
export function notText(text: string, file: string): Problem | undefined {
  if (text.length > MAX_TEXT_LENGTH) {
    return {
      file,
      message: `Cannot read the configuration: it has more than ${MAX_TEXT_LENGTH} characters`,
      fix: 'name the right file',
    }
  }
  // U+FFFD is what a decoder puts in place of bytes that are not UTF-8.
  const index = text.search(/[^\t\n\r\P{Cc}\u0085]|\ufffd/u)
  if (index === -1) return undefined
  const lines = text.slice(0, index).split('\n')
  const code = text.charCodeAt(index)
  return {
    file,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    message:
      code === 0xfffd
        ? 'Cannot read the configuration: it is not UTF-8 text'
        : `Cannot read the configuration: control character U+${code.toString(16).toUpperCase().padStart(4, '0')}`,
    fix: 'save the file as UTF-8 text',
  }
}
