import { redact } from './engine-key.ts'

/** Turns the new pieces of a growing log into text that may be shown. */
export interface LiveText {
  /** The text that may be shown now: whole lines without the keys. The rest waits for the end of its line. */
  add(piece: string, keys: readonly string[]): string
  /** The next piece does not follow the last one: its text before the first end of a line is left out. */
  skip(): void
}

/** A longer line is shown before its end. */
const LINE_CHARACTERS = 64 * 1024

/** Lines are shown whole, so a key that arrives in two halves is redacted as one. */
export function createLiveText(): LiveText {
  let rest = ''
  let isSkipping = false
  return {
    add(piece, keys) {
      let text = rest + piece
      if (isSkipping) {
        const end = text.indexOf('\n')
        if (end === -1) return ''
        isSkipping = false
        text = text.slice(end + 1)
      }
      const redacted = redact(text, keys)
      const ended = redacted.lastIndexOf('\n') + 1
      // A key may continue in the next piece.
      const safe = Math.max(0, redacted.length - Math.max(LAST_OF_A_KEY, ...keys.map(key => key.length)) + 1)
      const end = redacted.length - ended > LINE_CHARACTERS ? safe : ended
      rest = redacted.slice(end)
      return redacted.slice(0, end)
    },
    skip() {
      rest = ''
      isSkipping = true
    },
  }
}

/** Four asterisks and the four characters after them (`redact`). */
const LAST_OF_A_KEY = 8
