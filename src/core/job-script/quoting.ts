/**
 * Any text as one word of a POSIX shell.
 * @throws for NUL, which an argument cannot contain
 */
export function shellWord(text: string): string {
  if (text.includes('\0'))
    throw new Error(`Cannot quote ${JSON.stringify(text)} for a shell: an argument cannot contain NUL`)
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * One argument of an `#SBATCH` line, which sbatch reads itself (get_argument() of its opt.c, 22.05 to 26.05): it knows both quotes
 * and a backslash before any character, `#` starts a comment, and the end of the line ends everything.
 * @throws for control characters, which a line cannot contain
 */
export function sbatchArgument(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    throw new Error(
      `Cannot quote ${JSON.stringify(text)} for an #SBATCH line: it contains a control character; leave it out`,
    )
  }
  return /^[\w./:=@%+,[\]-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** A here-document's last line: a word that is not a line of the text. */
export function hereDelimiter(text: string, word: string): string {
  const lines = new Set(text.split('\n'))
  let delimiter = word
  while (lines.has(delimiter)) delimiter += '_'
  return delimiter
}
