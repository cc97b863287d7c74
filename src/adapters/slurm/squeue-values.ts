/** A column's content: a value, or none. A text of unknown form is undefined instead. */
export type Reading<T> = { readonly value: T | undefined } | undefined

/** Words with which squeue fills a column that has no value (print.c, slurm_make_time_str() of 22.05 to 26.05). */
const NOTHING: ReadonlySet<string> = new Set(['', 'N/A', 'n/a', 'None', 'NONE', 'Unknown', '(null)', 'NOT_SET'])

export function readWord(text: string): Reading<string> {
  return { value: NOTHING.has(text) ? undefined : text }
}

export function readCount(text: string): Reading<number> {
  return /^\d{1,15}$/.test(text) ? { value: Number(text) } : undefined
}

/** Epoch seconds: needs `SLURM_TIME_FORMAT=%s` in squeue's environment. */
export function readEpoch(text: string): Reading<number> {
  return NOTHING.has(text) || text === 'UNLIMITED' ? { value: undefined } : readCount(text)
}

/**
 * `minutes:seconds`, `hours:minutes:seconds` or `days-hours:minutes:seconds`, in seconds. No value: UNLIMITED, and
 * INVALID, which squeue prints for more than a year (_print_secs()).
 */
export function readDuration(text: string): Reading<number> {
  if (NOTHING.has(text) || text === 'UNLIMITED' || text === 'INVALID') return { value: undefined }
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)$/.exec(text)
  if (match === null) return undefined
  const [days, hours, minutes, seconds] = match.slice(1).map(part => Number(part ?? 0))
  return { value: (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0) }
}

/**
 * `status:signal`. Slurm 22.05 prints the raw wait(2) status as one number, newer ones the pair. A signal counts alone:
 * a JobLaunchFailure is 4021 in 22.05 and 0:53 in 26.05.
 */
export function readExitCode(text: string): Reading<string> {
  if (NOTHING.has(text)) return { value: undefined }
  if (/^\d+:\d+$/.test(text)) return { value: text }
  const status = readCount(text)?.value
  if (status === undefined) return undefined
  const signal = status & 0x7f
  return { value: signal === 0 ? `${(status >> 8) & 0xff}:0` : `0:${signal}` }
}
