import type { Problem } from '../../core/domain/problem.ts'
import { formatProblem } from '../../core/domain/problem.ts'
import type { RecordEvent } from './effects.ts'
import type { Standing } from './standing.ts'

/**
 * Turns what is seen at every tick into one event for each change: a daemon does not repeat itself
 * ("whole files, one call in flight", docs/design/rules.md).
 */
export interface Reporter {
  /** The trouble that `what` is in, or undefined when it is well. */
  state(what: string, trouble: string | undefined): void
  problems(found: readonly Problem[]): void
  standings(standings: ReadonlyMap<string, Standing>): void
}

/** What is said of an endpoint whose file is there no more. */
export const GONE = 'Gone: its file was removed'

export function createReporter(record: RecordEvent): Reporter {
  const troubles = new Map<string, string>()
  let known = new Set<string>()
  let stood = new Map<string, string>()

  return {
    state(what, trouble) {
      if (troubles.get(what) === trouble) return
      if (trouble === undefined) {
        troubles.delete(what)
        record('recovered', { what })
      } else {
        troubles.set(what, trouble)
        record('trouble', { what, message: trouble })
      }
    },
    problems(found) {
      const now = new Set(found.map(formatProblem))
      for (const problem of now) if (!known.has(problem)) record('bad file', { message: problem })
      known = now
    },
    standings(standings) {
      const now = new Map([...standings].map(([id, standing]) => [id, describe(standing)]))
      for (const [id, standing] of now) if (stood.get(id) !== standing) record('standing', { id, standing })
      for (const id of stood.keys()) if (!now.has(id)) record('standing', { id, standing: GONE })
      stood = now
    },
  }
}

function describe(standing: Standing): string {
  if (!standing.routed) return `Not routed: ${standing.reason}`
  return standing.suspect ? 'Suspect: its beat stands still, its port has not refused' : 'Routed'
}
