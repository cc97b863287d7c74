/**
 * One word of a POSIX shell, whatever is in the text.
 * @throws for NUL, which no argument can hold
 */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new Error(`Cannot quote ${JSON.stringify(text)} for a shell: no argument can hold NUL`)
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * One argument of an `#SBATCH` line. Not a shell reads it but sbatch (get_argument() of its opt.c, 22.05 to 26.05): both
 * quotes, a backslash before any character, `#` starts a comment, and the line ends it all.
 * @throws for control characters, which a line cannot hold
 */
export function sbatchArgument(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    throw new Error(
      `Cannot quote ${JSON.stringify(text)} for an #SBATCH line: it holds a control character; leave it out`,
    )
  }
  return /^[\w./:=@%+,[\]-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** A here-document's last line: a word that is no line of the text. */
export function hereDelimiter(text: string, word: string): string {
  const lines = new Set(text.split('\n'))
  let delimiter = word
  while (lines.has(delimiter)) delimiter += '_'
  return delimiter
}
