import { commandOf } from '../config/command-of.ts'
import type { Ending, Line, Run } from './one-run.ts'

/** What shows a cause. */
export interface Found {
  /** At least one line. */
  readonly evidence: readonly Line[]
  /** What the pattern that matched first has caught. */
  readonly parts: readonly string[]
}

/** One way in which a run can end: how it is recognised, in words, and what to do about it. */
export interface Cause {
  /** Stable over versions. */
  readonly id: string
  /** Of which endings it can be the cause; all by default. */
  readonly when?: readonly Ending[]
  recognise(run: Run): Found | undefined
  /** One sentence, the root first; without a full stop. */
  what(run: Run, found: Found): string
  /** Undefined: there is nothing to mend. */
  fix(run: Run, found: Found): string | undefined
}

/** More lines of the same kind show nothing new. */
const MOST_EVIDENCE = 4

/** The first pattern that some line matches, in the order of the lines; every line that matches any is evidence. */
export function find(lines: readonly Line[], ...patterns: readonly RegExp[]): Found | undefined {
  const hits = lines.flatMap(line => {
    const match = patterns.map(pattern => pattern.exec(line.text)).find(found => found !== null)
    return match == null ? [] : [{ line, match }]
  })
  const [first] = hits
  if (first === undefined) return undefined
  // The supervisor's record and the log hold the same words.
  const evidence = hits
    .filter(({ match }, index) => hits.findIndex(other => other.match[0] === match[0]) === index)
    .map(({ line }) => line)
  return { evidence: evidence.slice(0, MOST_EVIDENCE), parts: first.match.slice(1) }
}

/** Lines that were found otherwise. */
export function shownBy(...lines: readonly (Line | undefined)[]): Found | undefined {
  const evidence = lines.filter(line => line !== undefined)
  return evidence.length === 0 ? undefined : { evidence, parts: [] }
}

/** The program that starts its tier's engine; undefined where the tier is not known. */
export function programOf({ settings }: Run): string | undefined {
  return settings === undefined ? undefined : commandOf(settings)
}

/** The command that lists the arguments of its engine. */
export function helpOf(run: Run): string {
  const program = programOf(run) ?? 'llama-server'
  if (run.settings?.engine === 'vllm') return `${program} serve --help=all`
  const isModule = run.settings?.engine === 'sglang' && !/(^|\/)sglang$/.test(program)
  return isModule ? `${program} -m sglang.launch_server --help` : `${program} --help`
}

/** How a run's replica or its tier is named in a sentence. */
export function tierNameOf({ tier }: Run): string {
  return tier ?? 'its tier'
}
