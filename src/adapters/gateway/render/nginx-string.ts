/**
 * One parameter of an nginx directive in single quotes. nginx replaces variables there and knows no way to write a
 * dollar sign, and it reads parameters of at most 4096 bytes (ngx_conf_file.c, NGX_CONF_BUFFER).
 *
 * @throws on what nginx could not give back unchanged.
 */
export function nginxString(text: string): string {
  const found = /[$\p{Cc}]/u.exec(text)
  if (found !== null) {
    throw new Error(`Cannot quote ${JSON.stringify(text)} for nginx: it holds ${JSON.stringify(found[0])}`)
  }
  return bounded(`'${text.replaceAll(/[\\']/g, '\\$&')}'`)
}

/** As nginxString, of several lines: within quotes nginx reads `\n` as the end of one. */
export function nginxLines(lines: readonly string[]): string {
  return bounded(`'${lines.map(line => `${nginxString(line).slice(1, -1)}\\n`).join('')}'`)
}

function bounded(quoted: string): string {
  const bytes = Buffer.byteLength(quoted)
  if (bytes > MAX_BYTES) throw new Error(`Cannot quote a text for nginx: ${bytes} bytes, and ${MAX_BYTES} can be read`)
  return quoted
}

// What is left of the 4096 when nginx refills its buffer in the middle of a line.
const MAX_BYTES = 4000
