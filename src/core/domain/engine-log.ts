/** The line before the output of each start, because one log holds the output of several starts. */
export const START_LINE = 'sluice: starts'

/** The lines of the last start. */
export function sinceLastStart(lines: readonly string[]): readonly string[] {
  return lines.slice(lines.lastIndexOf(START_LINE) + 1)
}

/** The first line of a log whose first `bytes` bytes were removed. */
export function leftOutLine(bytes: number): string {
  return `sluice: the first ${bytes} bytes of this log are left out\n`
}

/** The number of such a line at the beginning of a log, and the line's length; both 0 where there is none. */
export function readLeftOut(beginning: string): { readonly bytes: number; readonly length: number } {
  const [line = '', bytes = '0'] =
    /^sluice: the first (\d{1,15}) bytes of this log are left out\n/.exec(beginning) ?? []
  return { bytes: Number(bytes), length: line.length }
}

/** The name under which `logs/<job>/` keeps a run's log: `engine`, `engine-<index>`, or a worker's. */
export function keptLogName(name: string, restarts: number): string {
  return `${name}-${restarts}.log`
}

/** Whether a file of `logs/<job>/` is a log of this run. */
export function isLogOfRun(file: string, restarts: number): boolean {
  return file.endsWith(keptLogName('', restarts))
}
