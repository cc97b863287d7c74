import { stripVTControlCharacters } from 'node:util'

/** What a run of tests came to, or as far as it got. */
export interface StepReport {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
  readonly files: readonly FileTime[]
}

export interface Failure {
  /** `file > describe > test`, or a step's name. */
  readonly name: string
  readonly error: string
}

export interface FileTime {
  readonly name: string
  readonly ms: number
}

export const NOTHING_RUN: StepReport = { passed: 0, failed: 0, skipped: 0, failures: [], files: [] }

/** A log that is cut off in front still shows its end: enough of an error to know it, little enough for many of them. */
const LINES = 15
const LAST_LINES = 8
const CHARACTERS = 240

/** The error's text, its difference and where it was thrown, without colours. */
export function errorText(error: { message?: string; diff?: string; stack?: string }): string {
  const message = error.message ?? 'an error without a message'
  // A stack begins with the message again.
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at .*:\d+/.test(line) || /^\s*❯/.test(line))
  const ours = frames.filter(line => !line.includes('node_modules') && !line.includes('node:'))
  const where = ours.slice(0, 3).join('\n')
  return [clipped(message, LINES - 3), clipped(error.diff ?? '', LINES), where].filter(text => text !== '').join('\n')
}

/** A step that ended badly without a failed test: a check, a crash, a lab that did not start, one that took too long. */
export function stepFailure(step: string, why: string, output: string): Failure {
  const lines = stripVTControlCharacters(output).split('\n')
  const last = lines.filter(line => line.trim() !== '').slice(-LAST_LINES)
  const failed = lines.filter(line => /^\s*(×|FAIL\b|❯ .*failed)/.test(line) && !last.includes(line))
  const first = failed.slice(0, LINES - LAST_LINES)
  return { name: `${step}: ${why}`, error: [...first, ...last].join('\n') }
}

/** Each failure by name with the first lines of its error; nothing when there is none. */
export function failuresText(failures: readonly Failure[]): string {
  return failures
    .map(({ name, error }) => {
      const lines = clipped(error, LINES).split('\n')
      return [`FAILED ${clipped(name, 1)}`, ...lines.map(line => `    ${line}`)].join('\n')
    })
    .join('\n')
}

/** `gateway-system 155 s, faults-control 120 s`. */
export function slowestText(files: readonly FileTime[], count: number): string {
  return files
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ name, ms }) => `${name} ${Math.round(ms / 1000)} s`)
    .join(', ')
}

function clipped(text: string, lines: number): string {
  const all = stripVTControlCharacters(text)
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
  const kept = all.slice(0, lines).map(line => (line.length > CHARACTERS ? `${line.slice(0, CHARACTERS)}…` : line))
  return [...kept, ...(all.length > lines ? [`… ${all.length - lines} more lines`] : [])].join('\n')
}
