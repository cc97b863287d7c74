import type { JobView } from '../domain/job-view.ts'
import { launchHoldCure } from '../domain/launch-hold.ts'
import { neverRuns } from './never.ts'

/** Why a job does not run, by the reason that Slurm gives (job_state_reason.c of 22.05 to 26.05, and its own descriptions). */
export interface Wait {
  readonly id: string
  readonly recognise: RegExp | ((job: JobView) => boolean)
  readonly what: string | ((job: JobView) => string)
  /** Undefined: it will run without an action. */
  fix?(job: JobView): string
}

/** Why this job waits. */
export function waitOf(job: JobView): Wait {
  const raw = `${job.stateText} ${job.reason}`
  const found = WAITS.find(({ recognise }) =>
    typeof recognise === 'function' ? recognise(job) : recognise.test(raw) || recognise.test(raw.replaceAll('_', ' ')),
  )
  return found ?? UNKNOWN
}

/** The same in words. */
export function whatOf(job: JobView): string {
  const { what } = waitOf(job)
  return typeof what === 'string' ? what : what(job)
}

/** Whether it starts only after a person has acted. Then Slurm's expected start is not true. */
export function isStuck(job: JobView): boolean {
  return /^(?:held-|can-never-run)/.test(waitOf(job).id)
}

/** First match wins; an expression reads `State Reason`, also with the underscores of 22.05 as spaces. */
const WAITS: readonly Wait[] = [
  {
    id: 'held-max-requeue',
    recognise: /JobHoldMaxRequeue|launch failure limit exceeded requeued held/,
    what: 'Slurm holds it: it was requeued after failed starts more often than MaxBatchRequeue (5 by default) allows',
    fix: ({ id }) =>
      `Correct what failed (the runs below), then, as an operator of Slurm: scontrol release ${id}. If its jobs end by exiting rather than by sluice’s requeue, that counts too: see sluice doctor`,
  },
  {
    id: 'held-after-launch-failure',
    recognise: /launch failed requeued held|user env retrieval failed/,
    what: 'Slurm holds it, because a node could not launch it',
    fix: job =>
      `${launchHoldCure(job)}. Where the updater's own early release caused it, the updater releases it again`,
  },
  {
    id: 'held-requeued',
    recognise: /REQUEUE_HOLD|SPECIAL_EXIT|job requeued in held state|requeued held/,
    what: 'It was requeued and held: by scontrol requeuehold, or by a rule of the site',
    fix: ({ id }) => `scontrol release ${id}, when the person who held it agrees`,
  },
  {
    id: 'held-by-admin',
    recognise: /JobHeldAdmin/,
    what: 'An operator of Slurm holds it (scontrol hold)',
    fix: ({ id }) => `Ask them why; only they can release it: scontrol release ${id}`,
  },
  {
    id: 'held-by-user',
    recognise: /JobHeldUser/,
    what: 'Its own account holds it (scontrol hold, sbatch --hold)',
    fix: ({ id }) => `scontrol release ${id}`,
  },
  {
    id: 'can-never-run',
    recognise: ({ reason }) => neverRuns(wordOf(reason)) !== undefined,
    what: ({ reason }) => `It can never run as it is: ${neverRuns(wordOf(reason))?.what}`,
    fix: ({ id, reason }) => `${neverRuns(wordOf(reason))?.fix}; then submit it again and scancel ${id}`,
  },
  {
    id: 'waits-for-start-time',
    recognise: job => /BeginTime/.test(job.reason) && !isAfterRequeue(job),
    what: ({ eligibleTime }) =>
      `It may not start ${eligibleTime === undefined ? 'yet' : `before ${new Date(eligibleTime * 1_000).toISOString()}`}: that time was set by a person (--begin, scontrol update StartTime)`,
    fix: ({ id }) => `It starts then by itself; for now, as its owner: scontrol update JobId=${id} StartTime=now`,
  },
  {
    id: 'waits-after-requeue',
    recognise: /BeginTime/,
    what: 'It may not start yet: after a requeue Slurm waits until the old credential has expired (cred_expire); an operator or its owner may also have set a later time (StartTime)',
    fix: ({ id }) =>
      `A running updater (sluice status) ends the wait after a requeue within seconds; if a node of its last run is down, within two minutes. It does not change a time that a person set. To do that: scontrol update JobId=${id} StartTime=now`,
  },
  {
    id: 'waits-for-maintenance',
    recognise: /Reserved for maintenance|maintenance reservation/i,
    what: 'Its nodes are reserved for maintenance before its walltime would be over',
    fix: ({ id, timeLimitSeconds }) =>
      `See when the maintenance begins (scontrol show reservation). To run before it, the job needs a shorter time${timeLimitSeconds === undefined ? '' : ` than its ${Math.round(timeLimitSeconds / 60)} min`}: scontrol update JobId=${id} TimeLimit=MINUTES, and slurm.time for the next jobs. Otherwise it starts after the maintenance`,
  },
  {
    id: 'waits-for-reservation',
    recognise: /Reservation\b|May be reserved|Required nodes? (?:is|are) reserved/,
    what: 'It waits for a reservation: its own (--reservation) has not begun, or its nodes are reserved for others',
    fix: () => 'See scontrol show reservation; it starts when the reservation begins or ends',
  },
  {
    id: 'waits-for-job',
    recognise: /Dependency/,
    what: 'It waits for another job to begin or end (--dependency)',
    fix: ({ id }) =>
      `See which: scontrol show job ${id}, Dependency. To start it now: scontrol update JobId=${id} Dependency=`,
  },
  {
    id: 'waits-for-partition',
    recognise: /PartitionDown|PartitionInactive/,
    what: 'Its partition is closed: an operator of Slurm has set it DOWN, INACTIVE or DRAIN',
    fix: () => 'Ask the people who run Slurm (scontrol show partition); it starts when the partition is up again',
  },
  {
    id: 'waits-for-nodes-to-return',
    recognise: /UnavailableNodes|ReqNodeNotAvail|Nodes required for job are DOWN|NodeDown|FrontEndDown|PowerNotAvail/i,
    what: 'Nodes that it needs are down, drained, or reserved for others',
    fix: () =>
      'See which and why (sinfo -R); it starts when they are back. If slurm.nodelist names them, remove them there and the next job can start elsewhere',
  },
  {
    id: 'waits-for-nodes',
    recognise: / (?:Resources|Priority)|Nodes required for job/i,
    what: 'It waits for nodes: jobs of higher priority have them',
    fix: () => 'See which jobs have them (squeue -p PARTITION, sinfo); it starts when nodes are free',
  },
  {
    id: 'budget-spent',
    recognise: /Grp\w*Minutes(?:Limit)?$/,
    what: ({ reason }) => `The minutes that its account or QoS may use are spent, or would be by this job (${reason})`,
    fix: () =>
      'See sshare -l, sacctmgr show assoc and show qos: ask for more minutes, or write a shorter slurm.time where running jobs hold them; it starts when the use has decayed (PriorityDecayHalfLife)',
  },
  {
    id: 'waits-for-limit',
    recognise: /QOS|Assoc|Max\w+PerAccount|JobArrayTaskLimit|AccountingPolicy/,
    what: 'Other jobs use up a limit of its account or QoS',
    fix: () => 'See sacctmgr show qos and show assoc: run fewer replicas at a time, or ask for a higher limit',
  },
  {
    id: 'waits-for-licenses',
    recognise: /Licenses/,
    what: 'It waits for licenses that other jobs have',
    fix: () => 'See scontrol show licenses; it starts when they are free',
  },
  {
    id: 'waits-for-slurm',
    recognise: /\b(?:Prolog|Cleaning|SchedDefer|FedJobLock|BurstBuffer(?:Resources|StageIn)|PowerReserved|None)$/,
    what: 'Slurm has not considered it yet, or is still cleaning up after its last run',
  },
  {
    id: 'waits-after-its-end',
    recognise: /\b(?:SystemFailure|JobLaunchFailure|NonZeroExitCode|RaisedSignal|TimeLimit|InactiveLimit|OutOfMemory)/,
    what: 'It waits again; the reason that Slurm shows is still that of its last run’s end',
  },
]

const UNKNOWN: Wait = { id: 'waits', recognise: /^/, what: 'It waits, for a reason that sluice explain does not know' }

/** `ReqNodeNotAvail, UnavailableNodes:vasp-02` → `ReqNodeNotAvail`. */
function wordOf(reason: string): string {
  return /^\w+/.exec(reason)?.[0] ?? ''
}

/** A requeue defers by the site's cred_expire or requeue_delay, both minutes at most. A person sets hours. */
const LONGEST_PAUSE_SECONDS = 900

function isAfterRequeue({ restarts, submitTime, eligibleTime }: JobView): boolean {
  if (restarts === 0) return false
  return submitTime === undefined || eligibleTime === undefined || eligibleTime - submitTime <= LONGEST_PAUSE_SECONDS
}
