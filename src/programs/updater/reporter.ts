import type { Problem } from '../../core/domain/problem.ts'
import { formatProblem } from '../../core/domain/problem.ts'
import type { RecordEvent } from './effects.ts'
import type { Routability } from './routability.ts'

/**
 * Turns observations of every tick into one event for each change, because a daemon does not repeat itself
 * ("whole files, one call in flight", docs/design/rules.md).
 */
export interface Reporter {
  /** The trouble of `what`, or undefined when it is well. */
  state(what: string, trouble: string | undefined): void
  problems(found: readonly Problem[]): void
  routabilities(routabilities: ReadonlyMap<string, Routability>): void
}

/** The report for an endpoint whose file is gone. */
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
    routabilities(routabilities) {
      const now = new Map([...routabilities].map(([id, routability]) => [id, describe(routability)]))
      for (const [id, routability] of now)
        if (stood.get(id) !== routability) record('standing', { id, standing: routability })
      for (const id of stood.keys()) if (!now.has(id)) record('standing', { id, standing: GONE })
      stood = now
    },
  }
}

function describe(routability: Routability): string {
  if (!routability.routed) return `Not routed: ${routability.reason}`
  return routability.suspect ? 'Suspect: its beat stands still, its port has not refused' : 'Routed'
}
