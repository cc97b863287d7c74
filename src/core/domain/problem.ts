/** A problem in text from outside: its place, what was found, and the correction. */
export interface Problem {
  readonly file: string
  /** 1-based; absent for the whole file. */
  readonly line?: number
  readonly column?: number
  /** Starts with a capital, strings quoted, no full stop. */
  readonly message: string
  /** The correction. */
  readonly fix?: string
}

/** `file:line:column: message; fix`, the form that editors can jump to. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':')
  return `${place}: ${problem.message}${problem.fix === undefined ? '' : `; ${problem.fix}`}`
}
