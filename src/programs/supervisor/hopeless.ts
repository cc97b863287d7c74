/**
 * Errors of an engine that a second start does not change: wrong arguments, and a file that is not a complete model of a known
 * kind. In the words of llama.cpp, vLLM, SGLang and TEI (test/programs/supervisor/hopeless.test.ts).
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

/** Whether the last lines of an engine that never answered show such an error. */
export function isHopeless(message: string): boolean {
  return HOPELESS.some(words => words.test(message))
}
