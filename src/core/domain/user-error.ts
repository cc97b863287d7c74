import { formatProblem, type Problem } from './problem.ts'

/** An error that the user can correct: printed as its message alone, exit code 2. All other errors exit with 1. */
export class UserError extends Error {
  override readonly name = 'UserError'
  /** The message line by line, so that a line break in a quoted name does not start a line. */
  readonly lines: readonly string[]

  constructor(message: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof message === 'string' ? [message] : message
    super(lines.join('\n'), options)
    this.lines = lines
  }

  /** One line for each problem. */
  static of(problems: readonly Problem[]): UserError {
    return new UserError(problems.map(formatProblem))
  }
}
