/**
 * What an engine says of itself that no second start changes: of its arguments, and of a file that is not, or not whole, a
 * model that it knows. In the words of llama.cpp, vLLM, SGLang and TEI (test/programs/supervisor/hopeless.test.ts).
 */
const HOPELESS: readonly RegExp[] = [
  /error: (?:invalid|unknown) argument/,
  /error while handling argument "/,
  /error: unrecognized arguments: /,
  /error: argument \S+: invalid choice: /,
  /error: unexpected argument '/,
  /invalid magic characters/,
  /unknown model architecture: /,
  /tensor '[^']*' data is not within the file bounds/,
  /does not recognize this architecture/,
]

/** Whether the last lines of an engine that never answered say that it never will. */
export function isHopeless(message: string): boolean {
  return HOPELESS.some(words => words.test(message))
}
