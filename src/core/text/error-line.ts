import { systemFailure } from '../domain/system-words.ts'

/**
 * An error in one line: its message, its causes, and the fix for an error of the system that the message does not contain yet.
 */
export function errorLine(error: unknown): string {
  const parts: string[] = []
  let advice: string | undefined
  for (let next = error; next !== undefined; next = next instanceof Error ? next.cause : undefined) {
    const failure = next instanceof Error ? systemFailure(next) : undefined
    advice ??= failure?.advice
    const isSaid = failure !== undefined && parts.some(part => part.includes(`(${failure.code})`))
    if (!isSaid) parts.push(describeError(next, parts.length === 0))
  }
  const line = parts.join(': ')
  return advice === undefined || line.includes('; ') ? line : `${line}; ${advice}`
}

function describeError(error: unknown, isFirst: boolean): string {
  if (!(error instanceof Error)) return String(error)
  const failure = systemFailure(error)
  if (failure === undefined) return error.message
  const { verb, path, words } = failure
  if (isFirst) return `Cannot ${verb}${path === undefined ? '' : ` "${path}"`}: ${words}`
  return path === undefined ? words : `"${path}": ${words}`
}
