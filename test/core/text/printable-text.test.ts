import { expect, it } from 'vitest'
import { printable, withoutSequences } from '../../../src/core/text/printable-text.ts'

it.each([
  ['colours', '\u001b[0;36mINFO\u001b[0m ready', 'INFO ready'],
  ['a clear screen', 'a\u001b[2J\u001b[Hb', 'ab'],
  ['a private mode', '\u001b[?1049hx', 'x'],
  ['the clipboard, ended by BEL', 'a\u001b]52;c;aGk=\u0007b', 'ab'],
  ['the clipboard, ended by ST', 'a\u001b]52;c;aGk=\u001b\\b', 'ab'],
  ['the clipboard without an end', 'a\u001b]52;c;aGk=', 'a52;c;aGk='],
  ['a device control string', 'a\u001bPq#0\u001b\\b', 'ab'],
  ['a reset and a character set', '\u001bc\u001b(Bx', 'x'],
  ['a sequence that is cut', 'x\u001b[0;3', 'x'],
  ['an ESC alone', 'x\u001b', 'x\\u001b'],
  ['C1 controls', 'x\u009b31m\u009d52', 'x\\u009b31m\\u009d52'],
  ['BEL, backspace, DEL, NUL', '\u0007\b\u007f\0', '\\u0007\\u0008\\u007f\\u0000'],
  ['a bar of progress', '10 %\r20 %\r\nend\r', '10 % 20 %\nend'],
  ['a direction', 'user\u202etxt.exe\u2066', 'user\\u202etxt.exe\\u2066'],
  ['plain text', 'zwölf\t日本 👩‍👩‍👧\n[0;36m', 'zwölf\t日本 👩‍👩‍👧\n[0;36m'],
])('prints %s without what a terminal obeys', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
  expect(printable(shown)).toBe(shown)
})

it('keeps JSON and what it says', () => {
  const value = { name: '\u001b]0;x\u0007\u009b31m\u202e\u007f\r\n"', list: ['\t'] }
  expect(JSON.parse(printable(JSON.stringify(value, undefined, 2)))).toEqual(value)
})

it('takes a look at each character, no more', () => {
  const text = '\u001b]'.repeat(500_000)
  expect(withoutSequences(text)).toBe('')
  expect(withoutSequences(`\u001b]${' '.repeat(1_000_000)}`)).toBe(' '.repeat(1_000_000))
})
