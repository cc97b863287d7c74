import { systemFailure } from './system-words.ts'

/** The message of a caught value, as the end of a sentence. */
export function messageOf(caught: unknown): string {
  if (!(caught instanceof Error)) return String(caught)
  const failure = systemFailure(caught)
  if (failure === undefined) return caught.message
  return failure.path === undefined ? failure.words : `"${failure.path}": ${failure.words}`
}

/** The same for a sentence that has named the file. */
export function reasonOf(caught: unknown): string {
  return (caught instanceof Error ? systemFailure(caught)?.words : undefined) ?? messageOf(caught)
}

/** The system's word for it, such as ENOENT; undefined if it has none. */
export function codeOf(caught: unknown): string | undefined {
  return caught instanceof Error && 'code' in caught ? String(caught.code) : undefined
}

/** For `catch`: undefined for a file that is not there. @throws every other error. */
export function whenAbsent(caught: unknown): undefined {
  if (codeOf(caught) === 'ENOENT') return undefined
  throw caught
}

/** Whether the disk, or the account's quota there, is full. */
export function isDiskFull(caught: unknown): boolean {
  return codeOf(caught) === 'ENOSPC' || codeOf(caught) === 'EDQUOT'
}
