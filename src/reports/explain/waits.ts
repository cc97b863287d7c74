import type { JobView } from '../../domain/job-view.ts'
import { launchHoldCure } from '../../domain/launch-hold.ts'

/** Why a job does not run, for a reason that Slurm gives (job_state_reason.c of 22.05 to 26.05, and its own descriptions). */
export interface Wait {
  readonly id: string
  readonly recognise: RegExp
  readonly what: string
  /** Undefined: it will run by itself. */
  fix?(job: JobView): string
}

/** First match wins; the text is `State Reason`, with the underscores of 22.05 as spaces. */
export const WAITS: readonly Wait[] = [
  {
    id: 'held-max-requeue',
    recognise: /JobHoldMaxRequeue|launch failure limit exceeded requeued held/,
    what: 'Slurm holds it: it was requeued after failed starts more often than MaxBatchRequeue (5 by default) allows',
    fix: ({ id }) =>
      `Mend what failed (the runs below), then, as an operator of Slurm: scontrol release ${id}. If its jobs end by exiting rather than by sluice’s requeue, that counts too: see sluice doctor`,
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
    what: 'It was requeued and held: somebody used scontrol requeuehold, or a rule of the site did',
    fix: ({ id }) => `scontrol release ${id}, when whoever held it agrees`,
  },
  {
    id: 'held-by-admin',
    recognise: /JobHeldAdmin/,
    what: 'An operator of Slurm holds it (scontrol hold)',
    fix: ({ id }) => `Ask them why; only they can let it go: scontrol release ${id}`,
  },
  {
    id: 'held-by-user',
    recognise: /JobHeldUser/,
    what: 'Its own account holds it (scontrol hold, sbatch --hold)',
    fix: ({ id }) => `scontrol release ${id}`,
  },
  {
    id: 'waits-after-requeue',
    recognise: /BeginTime/,
    what: 'It may not start yet: after a requeue Slurm waits until its old credential has expired (cred_expire), and an operator or its owner may have set a later time (StartTime)',
    fix: ({ id }) =>
      `The updater ends the wait after a requeue within seconds where it runs (sluice status), unless a node of its last run is down: then it takes two minutes. A time that people set stands: scontrol update JobId=${id} StartTime=now`,
  },
  {
    id: 'waits-for-nodes',
    recognise: /Resources|Priority|ReqNodeNotAvail|Nodes required for job are DOWN|PartitionDown|NodeDown/i,
    what: 'It waits for nodes: jobs of higher priority have them, or they are down',
    fix: () => 'See who has them (squeue -p PARTITION, sinfo); it starts by itself when there is room',
  },
  {
    id: 'waits-for-limit',
    recognise: /QOS|Assoc|MaxJobs|MaxGRES|Limit|AccountingPolicy/,
    what: 'A limit of its account or QoS keeps it from starting',
    fix: () => 'See sacctmgr show qos and show assoc: fewer replicas at a time, or a higher limit',
  },
  {
    id: 'can-never-run',
    recognise:
      /BadConstraints|PartitionConfig|PartitionNodeLimit|PartitionTimeLimit|InvalidAccount|InvalidQOS|AccountNotAllowed/,
    what: 'It can never run as it is: it asks for what its partition, account or QoS does not allow',
    fix: ({ id }) => `Correct slurm.* of its tier (sluice doctor), submit it again and scancel ${id}`,
  },
  { id: 'waits', recognise: /^/, what: 'It waits, for a reason that only Slurm knows' },
]
