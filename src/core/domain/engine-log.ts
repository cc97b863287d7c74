/** Stands in an engine's log before what each of its starts prints: a log outlives the processes that write it. */
export const START_LINE = 'sluice: starts'

/** Of the last lines of such a log: those of the last start. */
export function sinceLastStart(lines: readonly string[]): readonly string[] {
  return lines.slice(lines.lastIndexOf(START_LINE) + 1)
}

/** The first line of a log whose first `bytes` bytes are not in it any more. */
export function leftOutLine(bytes: number): string {
  return `sluice: the first ${bytes} bytes of this log are left out\n`
}

/** What such a line at the beginning of a log says, and how long it is; both 0 where there is none. */
export function readLeftOut(beginning: string): { readonly bytes: number; readonly length: number } {
  const [line = '', bytes = '0'] =
    /^sluice: the first (\d{1,15}) bytes of this log are left out\n/.exec(beginning) ?? []
  return { bytes: Number(bytes), length: line.length }
}
