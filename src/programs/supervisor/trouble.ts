import { messageOf } from '../../core/domain/caught.ts'
import type { RecordEvent } from './effects.ts'

/** Events about failures that are retried. */
export interface Trouble {
  /**
   * Runs repeated work, and reports only the beginning and the end of its trouble. Returns whether it worked.
   */
  attempt(id: string, what: string, work: () => Promise<void>): Promise<boolean>
  report(id: string, what: string): (error: unknown) => void
}

export function recordTrouble(record: RecordEvent): Trouble {
  const troubled = new Set<string>()
  const report = (id: string, what: string) => (error: unknown) =>
    record('cannot', { id, what, error: messageOf(error) })
  return {
    report,
    async attempt(id, what, work) {
      const key = `${id} ${what}`
      try {
        await work()
        if (troubled.delete(key)) record('recovered', { id, what })
        return true
      } catch (error) {
        if (!troubled.has(key)) report(id, what)(error)
        troubled.add(key)
        return false
      }
    },
  }
}
