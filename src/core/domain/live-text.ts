import { redact } from './engine-key.ts'

/** What a log grows by, piece by piece, as it may be shown. */
export interface LiveText {
  /** What may be shown by now: whole lines without the keys. The rest waits for the end of its line. */
  add(piece: string, keys: readonly string[]): string
  /** What comes next does not follow what came: whatever stands before its first end of a line is left out. */
  skip(): void
}

/** A line that is longer is shown before it ends. */
const LINE_CHARACTERS = 64 * 1024

/** Lines are shown whole, so a key whose halves come one after the other is struck in one. */
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
      // A key may go on in what comes next.
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

/** Four asterisks and the four characters after them (`strike`). */
const LAST_OF_A_KEY = 8
