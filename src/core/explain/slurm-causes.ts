import { type Cause, shownBy, tierNameOf } from './cause.ts'
import type { RunEvent } from './facts.ts'
import { linesOf, type Run } from './one-run.ts'

/** Causes that Slurm's state of a run shows, with or without events of its supervisor. */
export const SLURM_CAUSES: readonly Cause[] = [
  {
    id: 'launch-failed',
    when: ['silent'],
    // 22.05 has a reason for it; newer versions have a signal in its place ("Asking Slurm", docs/design/slurm.md).
    recognise: run =>
      run.events.length === 0 &&
      (run.slurm?.exitCode === '0:53' || run.slurm?.reason === 'JobLaunchFailure' || run.state === 'LAUNCH_FAILED')
        ? shownBy(run.stateLine)
        : undefined,
    what: () => 'Slurm could not launch it: on its node the directory of the job’s output is missing or not writable',
    fix: run =>
      `Create the directory of slurm.output${run.settings?.slurm.output === undefined ? '' : ` (${run.settings.slurm.output})`} on every node, or leave slurm.output out of ${tierNameOf(run)}: then the output lies in /tmp/sluice-<uid> of the node`,
  },
  {
    id: 'credential-revoked',
    when: ['silent'],
    recognise: run =>
      run.events.length === 0 && run.restarts > 0 && run.state === 'FAILED' && run.slurm?.exitCode === '1:0'
        ? shownBy(run.stateLine, { source: run.eventsFile, text: 'nothing was recorded by this run' })
        : undefined,
    what: run =>
      `Run ${run.restarts} ended before its first line: it was released too soon after its requeue, and Slurm still took its credential for the revoked one of the previous run`,
    fix: run =>
      `Submit it again (sluice submit ${tierNameOf(run)}). The updater waits two seconds before it releases a requeued job; people and scripts that release jobs (scontrol release, StartTime=now) must wait as well`,
  },
  {
    id: 'killed-early',
    when: ['silent'],
    recognise: run =>
      run.events.length === 0 && run.state === 'FAILED' && /^0:(?:9|15)$/.test(run.slurm?.exitCode ?? '')
        ? shownBy(run.stateLine)
        : undefined,
    what: run =>
      run.restarts === 0
        ? 'Its processes were killed before its supervisor began, and not because Slurm ended this job'
        : `Run ${run.restarts} was killed before its supervisor began: a node that comes back ends what is left of the previous run, and may end the next run with it`,
    fix: run =>
      `Submit it again (sluice submit ${tierNameOf(run)}); the node’s slurmd log, and its kernel log where memory was short, show who sent the signal`,
  },
  {
    id: 'script-failed',
    when: ['silent'],
    recognise: run =>
      run.events.length === 0 && run.state === 'FAILED'
        ? shownBy(run.stateLine, ...run.allLines.slice(-LAST_LINES))
        : undefined,
    what: run =>
      `The job script failed before its supervisor began (exit ${run.slurm?.exitCode ?? 'code unknown'}): in its set-up lines, or at the runtime that it starts`,
    fix: run =>
      `Read what it printed (sluice logs ${run.job}). The set-up lines are tiers.${tierNameOf(run)}.setup; the runtime is what sluice install installed`,
  },
  {
    id: 'node-failed',
    recognise: run =>
      NODE_STATES.has(run.state ?? '') || /^NodeDown|^SystemFailure/.test(run.slurm?.reason ?? '')
        ? shownBy(run.stateLine, ...noticeLines(run))
        : undefined,
    what: run => `Its node failed${run.slurm?.nodeList ? ` (${run.slurm.nodeList})` : ''}: Slurm lost touch with it`,
    fix: () =>
      'Check sinfo -R and the node’s own log. Slurm requeues such a job automatically when another node is free',
  },
  {
    id: 'timed-out',
    recognise: run =>
      isOutOfTime(run) || causeOf(run) === 'walltime'
        ? shownBy(run.stateLine?.text.includes('RUNNING') ? undefined : run.stateLine, ...noticeLines(run))
        : undefined,
    what: run =>
      run.state === 'DEADLINE'
        ? 'It could not end before its --deadline, and Slurm ended it'
        : isOutOfTime(run)
          ? `Its walltime ended before it could requeue itself, and Slurm ended it${limitOf(run)}`
          : `Its walltime was nearly over${limitOf(run)}: ${partingOf(run)}`,
    fix: run =>
      isOutOfTime(run)
        ? `Give ${tierNameOf(run)} a longer slurm.time, or slurm.signalLeadSeconds more than its longest answer, so that it drains and requeues in time; submit it again (sluice submit ${tierNameOf(run)})`
        : cutOf(run),
  },
  {
    id: 'preempted',
    recognise: run =>
      run.state === 'PREEMPTED' || causeOf(run) === 'preempted'
        ? shownBy(...noticeLines(run), causeOf(run) === undefined ? run.stateLine : undefined)
        : undefined,
    what: run => `It was preempted: a job of higher priority needed its node; ${partingOf(run)}`,
    fix: cutOf,
  },
  {
    id: 'drained',
    recognise: run => (causeOf(run) === 'operator' ? shownBy(...noticeLines(run)) : undefined),
    what: run => `An operator removed it (sluice drain or stop): ${partingOf(run)}`,
    fix: cutOf,
  },
  {
    id: 'requeued',
    recognise: run => (causeOf(run) === 'requeued' ? shownBy(...noticeLines(run)) : undefined),
    what: run =>
      `It was requeued from outside (scontrol requeue, a node that went down, or a preemption without a grace): ${partingOf(run)}`,
    fix: () =>
      'Use sluice drain --requeue, which waits for their answers; if it was a preemption, give the partition or QoS a GraceTime (sluice doctor)',
  },
  {
    id: 'cancelled',
    when: ['left', 'silent'],
    recognise: run =>
      run.state === 'CANCELLED' || causeOf(run) === 'cancelled'
        ? shownBy(run.stateLine, ...run.orders, ...noticeLines(run))
        : undefined,
    what: run =>
      run.orders.length > 0
        ? 'It was cancelled by sluice stop or sluice drain'
        : run.events.some(one => one.event === 'cancelled')
          ? 'It ended its own job as its last act'
          : 'It was cancelled (scancel)',
    fix: run =>
      `To start it again: sluice submit ${tierNameOf(run)}. To remove a replica without cutting answers: sluice drain`,
  },
  {
    id: 'left',
    when: ['left'],
    recognise: run => shownBy(...noticeLines(run)),
    what: run => `It had a notice to leave, and Slurm gave no reason: ${partingOf(run)}`,
    fix: () => undefined,
  },
]

const NODE_STATES: ReadonlySet<string> = new Set(['NODE_FAIL', 'BOOT_FAIL', 'RECONFIG_FAIL'])
const LAST_LINES = 5

/** Slurm has ended it. A run that only comes near its limit requeues itself. */
function isOutOfTime(run: Run): boolean {
  const { state, slurm, notice } = run
  if (state === 'TIMEOUT' || state === 'DEADLINE' || slurm?.reason === 'TimeLimit') return true
  return causeOf(run) === 'walltime' && notice?.['comeBack'] === false
}

function causeOf({ notice }: Run): unknown {
  return notice?.['cause'] ?? undefined
}

function noticeLines({ notice, events, eventsFile }: Run) {
  if (notice === undefined) return []
  const drained = events.findLast(one => one.event === 'drained')
  const cut = events.findLast(one => one.event === 'engine exited' && one['while'] === 'draining')
  const last = events.findLast(one => one.event === 'requeued' || one.event === 'cancelled')
  const text = (event: Run['events'][number], words: string) => ({
    source: eventsFile,
    text: `${event.at} ${event.event}${words}`,
  })
  return [
    text(notice, `: ${notice['cause'] ?? 'cause unknown'}`),
    ...(drained === undefined ? [] : [text(drained, `: ${drained['outcome']} after ${drained['waitedMs']} ms`)]),
    ...(cut === undefined ? [] : linesOf(eventsFile, cut).slice(0, 1)),
    ...(last === undefined ? [] : [text(last, '')]),
  ]
}

/** How it left: what became of its answers, and of the job. */
function partingOf({ events, notice, isAlive }: Run): string {
  const ends = events.filter(one => one.event === 'drained')
  // Of several engines people want to know the one whose answers were cut.
  const end = ends.findLast(one => one['outcome'] === 'deadline' && !isEmpty(one)) ?? ends.at(-1)
  const outcome = end?.['outcome']
  const last = events.findLast(one => one.event === 'requeued' || one.event === 'cancelled')?.event
  if (notice === undefined) return 'its supervisor had no notice of it'
  const drained =
    outcome === 'idle'
      ? 'it finished its answers'
      : outcome === 'deadline' && end !== undefined
        ? isEmpty(end)
          ? end['cleared'] === true
            ? 'it finished its answers when its time was over'
            : `it finished its answers, and then waited until the deadline for ${holdersOf(end)}`
          : 'its last answers were cut at the deadline'
        : isAlive
          ? 'it is finishing its answers'
          : 'it had no answers on their way, or could not finish them'
  return `${drained}${last === 'requeued' ? ', and it requeued itself' : last === 'cancelled' ? ', and it ended its job' : ''}`
}

/** A fix is given only where answers were cut. */
function cutOf({ events }: Run): string | undefined {
  return events.some(one => one.event === 'drained' && one['outcome'] === 'deadline' && !isEmpty(one))
    ? 'For longer answers to end in time it needs a longer grace (GraceTime of the partition or QoS, slurm.signalLeadSeconds before the walltime, sluice drain --within)'
    : undefined
}

/** No client was connected when it ended. */
function isEmpty(drained: RunEvent): boolean {
  return drained['connections'] === 0
}

function holdersOf({ heldBy }: RunEvent): string {
  const gateways = Array.isArray(heldBy) ? heldBy.filter(one => typeof one === 'string') : []
  return gateways.length === 0 ? 'routes/ to drop it' : `gateway ${gateways.join(', ')}`
}

function limitOf({ slurm }: Run): string {
  const seconds = slurm?.timeLimitSeconds
  return seconds === undefined ? '' : ` (TimeLimit ${Math.round(seconds / 60)} min)`
}
