/** What a caught value says, in words: to end a sentence with. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught)
}

/** The system's word for it, such as ENOENT; undefined where it has none. */
export function codeOf(caught: unknown): string | undefined {
  return caught instanceof Error && 'code' in caught ? String(caught.code) : undefined
}
