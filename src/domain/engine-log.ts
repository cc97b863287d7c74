/** Stands in an engine's log before what each of its starts prints: a log outlives the processes that write it. */
export const START_LINE = 'sluice: starts'

/** Of the last lines of such a log: those of the last start. */
export function sinceLastStart(lines: readonly string[]): readonly string[] {
  return lines.slice(lines.lastIndexOf(START_LINE) + 1)
}
