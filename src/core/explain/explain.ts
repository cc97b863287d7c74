import { replicaId } from '../domain/endpoint.ts'
import { keptLogName } from '../domain/engine-log.ts'
import type { JobView } from '../domain/job-view.ts'
import { CAUSES } from './causes.ts'
import type { ExplainFacts, RunFacts } from './facts.ts'
import { describeRun, type Line, linesOf, type Run, slurmLine, UNWELL } from './one-run.ts'
import { waitOf, whatOf } from './waits.ts'

/** What is printed as JSON; null means "not known" or "none", as each field documents. */
export interface Explanation {
  readonly job: string
  /** Null: not known. */
  readonly tier: string | null
  /** The state of a job that has not ended; null when it has, or when that is not known. */
  readonly now: Answer | null
  /** How its runs ended: first the one that was asked for, or else the last. */
  readonly runs: readonly RunAnswer[]
  /** Ends of engines that its job outlived, the last first. They explain streams that broke long ago. */
  readonly interruptions: readonly Interruption[]
  /** Sources in which nothing was found, one line each. */
  readonly notFound: readonly string[]
}

export interface Answer {
  /** `host-memory`, `held-by-user`, …: stable over versions. */
  readonly cause: string
  readonly what: string
  readonly evidence: readonly Line[]
  /** Null: nothing has to be done. */
  readonly fix: string | null
}

/** An engine ended and served again later. */
export interface Interruption extends Answer {
  /** Null where its event names none. */
  readonly endpoint: string | null
  readonly at: string
}

export interface RunAnswer extends Answer {
  /** Null where the tier is not known. */
  readonly replica: string | null
  readonly restarts: number
  /** The time of its supervisor's last event; null when there are no events. */
  readonly endedAt: string | null
}

/** Why a job died, run by run; undefined when nothing is known about it. */
export function explain(facts: ExplainFacts): Explanation | undefined {
  const slurm = 'value' in facts.slurm ? facts.slurm.value : undefined
  const endpoint = 'value' in facts.endpoint ? facts.endpoint.value : undefined
  if (slurm === undefined && endpoint === undefined && facts.runs.length === 0 && facts.output.length === 0)
    return undefined
  const runs = withSilentRuns(facts)
  const described = runs.map((run, index) => describeRun(facts, run, index === runs.length - 1)).reverse()
  const alive = described.find(run => run.isAlive)
  return {
    job: facts.job,
    tier: facts.tier ?? null,
    now: slurm?.state === 'pending' ? waiting(slurm) : alive === undefined ? null : lifeOf(alive),
    runs: described
      .filter(run => run !== alive)
      .map(answerFor)
      .toSorted((one, other) => Number(other.restarts === facts.asked) - Number(one.restarts === facts.asked)),
    interruptions: described.flatMap(interruptionsOf).slice(0, MOST_INTERRUPTIONS),
    notFound: [...facts.problems, ...missing(facts, slurm, described)],
  }
}

/** A run that Slurm or the registry knows of and that has left no events is a run. */
function withSilentRuns(facts: ExplainFacts): readonly RunFacts[] {
  const slurm = 'value' in facts.slurm ? facts.slurm.value : undefined
  const endpoint = 'value' in facts.endpoint ? facts.endpoint.value : undefined
  const begun = slurm === undefined ? [] : slurm.state === 'pending' ? [slurm.restarts - 1] : [slurm.restarts]
  const known = new Set(facts.runs.map(run => run.restarts))
  const silent = [...begun, ...(endpoint === undefined ? [] : [endpoint.job.restarts])].filter(
    restarts => restarts >= 0 && !known.has(restarts),
  )
  const first = facts.runs.length === 0 && silent.length === 0 && facts.output.length > 0 ? [0] : []
  return [
    ...facts.runs,
    ...[...new Set([...silent, ...first])].map(restarts => ({
      restarts,
      eventsFile: `events/${replicaId({ tier: facts.tier ?? '*', jobId: facts.job, restarts })}.jsonl`,
      events: [],
      logs: [],
    })),
  ].toSorted((one, other) => one.restarts - other.restarts)
}

function waiting(job: JobView): Answer {
  const { id, fix } = waitOf(job)
  return {
    cause: id,
    what: whatOf(job),
    evidence: [slurmLine(job)],
    fix: fix?.(job) ?? null,
  }
}

function routingFix({ job }: Run, why: string): string {
  if (why.endsWith('is not configured')) {
    return `Remove it (sluice drain ${job}), or put its tier back into sluice.yaml and reload the updater`
  }
  if (why.endsWith('lies outside gateway.networks')) {
    return `Put that network back into gateway.networks; or remove the job (sluice drain ${job}) and submit it again, because a job keeps the networks of its submission`
  }
  return 'Correct what the updater names (gateway.networks, or how the node’s name resolves); sluice doctor checks both'
}

/** A run that has not ended: well, on its way, or in trouble that may be the end of it. */
function lifeOf(run: Run): Answer {
  const served = run.events.findLast(one => one.event === 'ready')
  const evidence = run.stateLine === undefined ? [] : [run.stateLine]
  if (run.ending === 'left') {
    const { cause, what, evidence: shown, fix } = answerFor(run)
    return { cause, what: `It is about to leave. ${what}`, evidence: shown, fix }
  }
  if (run.trouble.length === 0) {
    const since = served === undefined ? '' : `: its engine serves since ${served.at}`
    const loading = served === undefined ? '; its engine is still loading' : ''
    const halted = HALTED[run.slurm?.stateText ?? '']
    if (halted !== undefined) return { cause: 'halted', what: halted.what, evidence, fix: halted.fix }
    const on = run.node === undefined ? '' : ` on ${run.node}`
    const reported = run.slurm === undefined ? '; its own files show that, Slurm does not' : ''
    const what = `It runs${on}${since}${loading}${reported}`
    if (served !== undefined && run.notRouted === undefined && run.aside !== undefined) {
      return {
        cause: 'set-aside',
        what: `${what}. But others of its tier are asked first: ${run.aside.text}`,
        evidence: [...evidence, run.aside],
        fix: `Look at what its engine prints: sluice logs ${run.job}`,
      }
    }
    if (served === undefined || run.notRouted === undefined) return { cause: 'runs', what, evidence, fix: null }
    return {
      cause: 'not-routed',
      what: `${what}. But no request reaches it: ${run.notRouted.text.replace(/^Not routed: /, '')}`,
      evidence: [...evidence, run.notRouted],
      fix: routingFix(run, run.notRouted.text),
    }
  }
  const { cause, what, evidence: shown, fix } = answerFor(run)
  if (run.trouble.every(one => one.event === UNWELL)) return { cause, what: `It runs. ${what}`, evidence: shown, fix }
  const count = run.trouble.length === 1 ? 'once' : `${run.trouble.length} times`
  return {
    cause,
    what: `It runs, and its engine has failed ${count} since it last served. ${what}`,
    evidence: shown,
    fix,
  }
}

/** States of a job that has its nodes, and whose processes do not run there (squeue(1), JOB STATE CODES). */
const HALTED: Readonly<Record<string, { readonly what: string; readonly fix: string | null }>> = {
  CONFIGURING: { what: 'It has its nodes, and they are being booted or set up for it', fix: null },
  POWER_UP_NODE: { what: 'It has its nodes, and they are being powered up', fix: null },
  RESIZING: { what: 'Slurm is changing its size: the number of its nodes was changed', fix: null },
  SUSPENDED: {
    what: 'Its processes stand still: it was suspended (scontrol suspend, or PreemptMode=SUSPEND), and does not answer',
    fix: 'Find out who suspended it: an operator resumes it with scontrol resume JOB; for preemption use PreemptMode=REQUEUE (sluice doctor)',
  },
  STOPPED: {
    what: 'Its processes stand still: it was sent a SIGSTOP, and keeps its nodes',
    fix: 'scancel --signal=CONT JOB lets it go on',
  },
  REVOKED: { what: 'Another cluster of the federation runs it', fix: 'Look for it there: squeue --federation' },
}

/** First match wins. */
function answerFor(run: Run): RunAnswer {
  for (const cause of CAUSES) {
    if (cause.when !== undefined && !cause.when.includes(run.ending)) continue
    const found = cause.recognise(run)
    if (found === undefined) continue
    return {
      replica: run.tier === undefined ? null : replicaId({ tier: run.tier, jobId: run.job, restarts: run.restarts }),
      restarts: run.restarts,
      endedAt: run.events.at(-1)?.at ?? null,
      cause: cause.id,
      what: cause.what(run, found),
      evidence: found.evidence.map(({ source, text }) => ({ source, text: shortened(text.trim()) })),
      fix: cause.fix(run, found) ?? null,
    }
  }
  throw new Error('Cannot explain a run: the last cause recognises everything')
}

/** People do not read longer lines. */
const MOST_CHARACTERS = 300

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`
}

/** More of them show nothing new. */
const MOST_INTERRUPTIONS = 10

/** Each is explained by its own last words alone, because the logs are of a later start. */
function interruptionsOf(run: Run): readonly Interruption[] {
  return run.survived.map(event => {
    const supervisorLines = linesOf(run.eventsFile, event)
    const { cause, what, evidence, fix } = answerFor({
      ...run,
      ending: 'lives',
      state: undefined,
      slurm: undefined,
      stateLine: undefined,
      notice: undefined,
      events: [event],
      trouble: [event],
      supervisorLines,
      allLines: supervisorLines,
    })
    return { endpoint: typeof event['id'] === 'string' ? event['id'] : null, at: event.at, cause, what, evidence, fix }
  })
}

function missing(facts: ExplainFacts, slurm: JobView | undefined, runs: readonly Run[]): readonly string[] {
  const { job } = facts
  return [
    ...(facts.isTierRemoved === true
      ? [`Tier "${facts.tier}" is no longer in sluice.yaml: its settings, and the output of its script, are not known`]
      : []),
    ...('unknown' in facts.slurm
      ? [facts.slurm.unknown]
      : slurm === undefined
        ? [`Slurm no longer knows job ${job} (MinJobAge): only files show what ended it`]
        : []),
    ...('unknown' in facts.endpoint ? [facts.endpoint.unknown] : []),
    ...runs.flatMap(run => (run.events.length === 0 ? [`No events of run ${run.restarts} (${run.eventsFile})`] : [])),
    ...runs.flatMap(run =>
      run.events.some(one => one.event === 'engine stopped') &&
      !facts.runs.some(one => one.restarts === run.restarts && one.logs.length > 0)
        ? [`No log of run ${run.restarts} (logs/${job}/${keptLogName('engine', run.restarts)})`]
        : [],
    ),
  ]
}
