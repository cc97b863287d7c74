import { formatProblem, type Problem } from './problem.ts'

/** The user can mend this: shown as its message alone, exit code 2. Everything else is ours or the world's, exit code 1. */
export class UserError extends Error {
  override readonly name = 'UserError'

  /** One line for each problem. */
  static of(problems: readonly Problem[]): UserError {
    return new UserError(problems.map(formatProblem).join('\n'))
  }
}
