import { formatProblem, type Problem } from './problem.ts'

/** The user can mend this: shown as its message alone, exit code 2. Everything else is ours or the world's, exit code 1. */
export class UserError extends Error {
  override readonly name = 'UserError'
  /** What is said, line by line: no name that it quotes is taken for an end of one. */
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
