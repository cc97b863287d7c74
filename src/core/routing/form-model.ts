import type { Bytes } from './top-level-string.ts'

/** Bytes of a model's name. */
const LONGEST = 512

/**
 * The field `model` of a form (multipart/form-data), as clients send audio with one; undefined where there is none.
 * What a file holds cannot be taken for it: a field counts only right after a line of the form's boundary.
 */
export function formModel(body: Bytes, contentType: string): string | undefined {
  const boundary = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  if (boundary === null) return undefined
  const line = `--${boundary[1] || boundary[2]}`
  let at = body.indexOf(line, 0)
  while (at >= 0) {
    const head = at + line.length
    const headEnd = body.indexOf('\r\n\r\n', head)
    if (headEnd < 0) return undefined
    const next = body.indexOf(`\r\n${line}`, headEnd + 2)
    const isShort = headEnd - head <= LONGEST_HEAD
    if (isShort && NAMED_MODEL.test(body.toString('utf8', head, headEnd))) {
      const value = headEnd + 4
      return next < value || next - value > LONGEST ? undefined : body.toString('utf8', value, next)
    }
    at = next < 0 ? next : next + 2
  }
  return undefined
}

const LONGEST_HEAD = 1024
const NAMED_MODEL = /^content-disposition:\s*form-data\s*;\s*name="model"\s*$/im
