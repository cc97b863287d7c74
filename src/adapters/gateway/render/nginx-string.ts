/**
 * One parameter of an nginx directive in single quotes. nginx replaces variables there and has no escape for a dollar sign. A
 * parameter may have at most 4096 bytes (ngx_conf_file.c, NGX_CONF_BUFFER).
 *
 * @throws for text that nginx could not return unchanged.
 */
export function nginxString(text: string): string {
  const found = /[$\p{Cc}]/u.exec(text)
  if (found !== null) {
    throw new Error(`Cannot quote ${JSON.stringify(text)} for nginx: it contains ${JSON.stringify(found[0])}`)
  }
  return bounded(`'${text.replaceAll(/[\\']/g, '\\$&')}'`)
}

/** Like nginxString, for several lines: within quotes nginx reads `\n` as a line break. */
export function nginxLines(lines: readonly string[]): string {
  return bounded(`'${lines.map(line => `${nginxString(line).slice(1, -1)}\\n`).join('')}'`)
}

function bounded(quoted: string): string {
  const bytes = Buffer.byteLength(quoted)
  if (bytes > MAX_BYTES) throw new Error(`Cannot quote a text for nginx: ${bytes} bytes, and ${MAX_BYTES} can be read`)
  return quoted
}

// The rest of the 4096 when nginx refills its buffer in the middle of a line.
const MAX_BYTES = 4000
