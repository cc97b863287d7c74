import type { TierConfig } from '../config/schema.ts'
import { sinceLastStart } from '../domain/engine-log.ts'
import type { JobView } from '../domain/job-view.ts'
import type { ExplainFacts, RunEvent, RunFacts, TextFile } from './facts.ts'

/** A line that was read, and where. */
export interface Line {
  readonly source: string
  readonly text: string
}

/**
 * The state of a run. lives: it has not ended. failed: its supervisor gave up and recorded that. left: it had a notice to leave,
 * and drained. silent: it ended, and its supervisor recorded no reason.
 */
export type Ending = 'lives' | 'failed' | 'left' | 'silent'

/** One run as the causes look at it. */
export interface Run {
  readonly job: string
  readonly tier: string | undefined
  readonly restarts: number
  readonly ending: Ending
  /** Slurm's word for the run's state, from Slurm itself or from an updater's record; undefined: not known. */
  readonly state: string | undefined
  /** It has not ended, though it may be leaving. */
  readonly isAlive: boolean
  /** Slurm has begun another run since, or will. */
  readonly hasSuccessor: boolean
  /** Slurm's view, where it is of this run. */
  readonly slurm: JobView | undefined
  /** Why an updater does not route to it, and where that stands; undefined: it does, or no updater recorded it. */
  readonly notRouted: Line | undefined
  /** A gateway that now asks others of the tier first, because answers of this one fail. */
  readonly aside: Line | undefined
  /** The node of its batch step; undefined: not known. */
  readonly node: string | undefined
  /** What our own commands did to the job. */
  readonly orders: readonly Line[]
  /** Ends of its engines after which they served again, the last first. Each broke the answers on their way. */
  readonly survived: readonly RunEvent[]
  /** Where the state stands. */
  readonly stateLine: Line | undefined
  readonly events: readonly RunEvent[]
  /** The last notice to leave, unless it was a false alarm. */
  readonly notice: RunEvent | undefined
  /** What went wrong since the engine last served: exits, failures, in their order. */
  readonly trouble: readonly RunEvent[]
  /** The supervisor's words for that, the last trouble first: what it saw before it ended a process itself. */
  readonly supervisorLines: readonly Line[]
  /** The same, then the ends of the kept logs (of the last start only), then what the job printed. */
  readonly allLines: readonly Line[]
  readonly eventsFile: string
  readonly settings: TierConfig | undefined
}

/** It serves, and its own health is bad. */
export const UNWELL = 'engine unwell'

const ENDS: ReadonlySet<string> = new Set(['engine exited', 'engine unfit'])

const TROUBLE: ReadonlySet<string> = new Set([...['engine exited', 'engine unfit', 'model failed', 'failed'], UNWELL])

/** One run from all sources. `isLast`: Slurm's view, the endpoint file and the job's own output may be of this run. */
export function describeRun(facts: ExplainFacts, run: RunFacts, isLast: boolean): Run {
  const slurm = 'value' in facts.slurm ? facts.slurm.value : undefined
  const ours = slurm?.restarts === run.restarts && slurm.state !== 'pending' ? slurm : undefined
  const heard = facts.routabilities.findLast(one => one.restarts === run.restarts && HEARD.test(one.text))
  const trouble = run.events.filter((one, index) => TROUBLE.has(one.event) && !isFollowedBy(run.events, index, SERVES))
  const hasFailed = run.events.some(one => one.event === 'failed')
  const notice = run.events.findLast(
    (one, index) => one.event === 'draining' && !isFollowedBy(run.events, index, SERVES),
  )
  const left = 'value' in facts.endpoint && isLast ? facts.endpoint.value : undefined
  // Without an answer from Slurm the run's own files count: a published endpoint without a last event has not ended.
  const isPublished =
    'unknown' in facts.slurm &&
    left?.job.restarts === run.restarts &&
    left.state !== 'failed' &&
    !run.events.some(one => LAST_WORDS.has(one.event))
  const isRunning = ours?.state === 'running' || ours?.state === 'unknown' || isPublished
  const supervisorLines = [
    ...trouble.toReversed().flatMap(one => linesOf(run.eventsFile, one)),
    ...(trouble.length > 0 || left?.message == null
      ? []
      : splitLines(left.message).map(text => ({ source: `endpoints/${left.id}.json`, text }))),
  ]
  return {
    job: facts.job,
    tier: facts.tier,
    restarts: run.restarts,
    ending: hasFailed
      ? 'failed'
      : notice !== undefined
        ? 'left'
        : isRunning
          ? 'lives'
          : left?.state === 'failed'
            ? 'failed'
            : 'silent',
    state: ours?.stateText ?? HEARD.exec(heard?.text ?? '')?.[1],
    isAlive: isRunning && !hasFailed,
    hasSuccessor: !isLast || (slurm !== undefined && slurm.restarts > run.restarts),
    slurm: ours,
    node: ours?.batchHost ?? (left?.job.restarts === run.restarts ? left.job.node : undefined),
    notRouted: notRouted(facts, run.restarts),
    aside: facts.asides?.find(one => one.restarts === run.restarts),
    orders: isLast ? (facts.orders ?? []) : [],
    survived: run.events
      .filter((one, index) => ENDS.has(one.event) && isFollowedBy(run.events, index, SERVES))
      .toReversed(),
    stateLine: ours === undefined ? heard : slurmLine(ours),
    events: run.events,
    notice,
    trouble,
    supervisorLines,
    allLines: [...supervisorLines, ...run.logs.flatMap(fileLines), ...(isLast ? facts.output.flatMap(fileLines) : [])],
    eventsFile: run.eventsFile,
    settings: facts.settings,
  }
}

function notRouted({ routabilities }: ExplainFacts, restarts: number): Line | undefined {
  const last = routabilities.findLast(one => one.restarts === restarts)
  return last?.text.startsWith('Not routed: ') === true ? { source: last.source, text: last.text } : undefined
}

const LAST_WORDS: ReadonlySet<string> = new Set(['failed', 'requeued', 'cancelled'])

const SERVES: ReadonlySet<string> = new Set(['ready', 'false alarm', 'well again'])

/** Whether the same endpoint recorded one of these later. */
function isFollowedBy(events: readonly RunEvent[], at: number, later: ReadonlySet<string>): boolean {
  return events.some((one, index) => index > at && one['id'] === events[at]?.['id'] && later.has(one.event))
}

const HEARD = /^Slurm says that job \d+ is ([A-Z_]+)$/

/** A job as evidence: the fields of squeue about its end. */
export function slurmLine({ stateText, reason, exitCode, restarts }: JobView): Line {
  const parts = [`State=${stateText}`, `Reason=${reason}`, `Restarts=${restarts}`]
  return { source: 'Slurm', text: [...parts, ...(exitCode === undefined ? [] : [`ExitCode=${exitCode}`])].join(' ') }
}

/** The lines of an event's message, the first with the time and the event's name; without a message that line alone. */
export function linesOf(source: string, event: RunEvent): readonly Line[] {
  const { at, event: name, message, oomKills } = event
  const kills = typeof oomKills === 'number' ? ` (oomKills ${oomKills})` : ''
  const [first, ...rest] = typeof message === 'string' ? splitLines(message) : []
  return [`${at} ${name}${kills}${first === undefined ? '' : `: ${first}`}`, ...rest].map(text => ({ source, text }))
}

function fileLines({ name, lines }: TextFile): readonly Line[] {
  return sinceLastStart(lines).map(text => ({ source: name, text: shortened(text) }))
}

/**
 * A client can make a line a megabyte long, because engines log what they are asked. The patterns are slow on such lines: they
 * look for the end of a sentence from each of its beginnings. A reason stands at the beginning of a line or at its end.
 */
function shortened(text: string): string {
  if (text.length <= LINE_BEGIN + LINE_END) return text
  return `${text.slice(0, LINE_BEGIN)} … ${text.slice(-LINE_END)}`.toWellFormed()
}

const LINE_BEGIN = 1_500
const LINE_END = 500

/** A message has several lines, or one line with ` | ` between them as in an endpoint file. */
function splitLines(message: string): readonly string[] {
  return message
    .split(/\n| \| /)
    .filter(text => text.trim() !== '')
    .map(shortened)
}
