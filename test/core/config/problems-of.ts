import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { formatProblem } from '../../../src/core/domain/problem.ts'

/** Every problem as people see it, without the file's name. */
export function problemsOf(text: string): string[] {
  return parseConfig(text, 'f').problems.map(problem => formatProblem(problem).replace(/^f:/, ''))
}
