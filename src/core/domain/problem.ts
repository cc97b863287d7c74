/** Something wrong in text from outside: where it is, what was found, and what would be right. */
export interface Problem {
  readonly file: string
  /** 1-based; absent where the whole file is meant. */
  readonly line?: number
  readonly column?: number
  /** Starts with a capital, strings quoted, no full stop. */
  readonly message: string
  /** What would be right. */
  readonly fix?: string
}

/** `file:line:column: message; fix`, the form that editors can jump to. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':')
  return `${place}: ${problem.message}${problem.fix === undefined ? '' : `; ${problem.fix}`}`
}
