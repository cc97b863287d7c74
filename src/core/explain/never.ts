/** Why a job can never run as it was submitted, and what would change that. */
export interface Never {
  readonly what: string
  /** What to change or to ask for. The job itself has to be submitted again in any case. */
  readonly fix: string
}

/**
 * By Slurm's word for the reason. slurmctld tries such a job again and again, and the end of another job does not help. Only a
 * change of the job, of its partition or of a limit does (job_state_reason.c and resource_limits.html).
 */
const NEVER: Readonly<Record<string, Never>> = {
  PartitionTimeLimit: {
    what: 'its slurm.time is longer than its partition allows (MaxTime)',
    fix: 'Write a slurm.time of at most MaxTime (scontrol show partition)',
  },
  PartitionNodeLimit: {
    what: 'it asks for more nodes than its partition has, or for more or fewer than the partition allows a job (MinNodes, MaxNodes)',
    fix: 'Correct slurm.nodes (scontrol show partition), or choose another partition',
  },
  PartitionConfig: {
    what: 'its partition cannot give what it asks for',
    fix: 'Compare slurm.* with scontrol show partition, or choose another partition',
  },
  BadConstraints: {
    what: 'no node has, or still has, all that it asks for (features, nodelist, GPUs, cores, memory)',
    fix: 'Compare slurm.* with what the nodes have (scontrol show node): a node or a feature may have been removed or renamed',
  },
  Constraints: {
    what: 'no node has, or still has, all that it asks for (features, nodelist, GPUs, cores, memory)',
    fix: 'Compare slurm.* with what the nodes have (scontrol show node)',
  },
  MaxMemPerLimit: {
    what: 'its slurm.mem is more than Slurm allows on a node or for each core (MaxMemPerNode, MaxMemPerCPU)',
    fix: 'Write a smaller slurm.mem, or more slurm.cpus where the limit is for each core (scontrol show partition, show config)',
  },
  InvalidAccount: {
    what: 'Slurm does not know its account, or no longer knows it',
    fix: 'Write an slurm.account that the user has (sacctmgr show assoc user=NAME)',
  },
  AccountNotAllowed: {
    what: 'its account is not allowed in its partition (AllowAccounts, DenyAccounts)',
    fix: 'Choose another slurm.account or slurm.partition, or ask the people who run Slurm to allow it',
  },
  InvalidQOS: {
    what: 'Slurm does not know its QoS, or its account no longer has it',
    fix: 'Write an slurm.qos that the account has (sacctmgr show assoc user=NAME format=Account,QOS)',
  },
  QOSNotAllowed: {
    what: 'its QoS is not allowed for its account, or in its partition (AllowQos, DenyQos)',
    fix: 'Choose another slurm.qos or slurm.partition, or ask the people who run Slurm to allow it',
  },
  AssociationTimeLimit: {
    what: 'its slurm.time is longer than its account allows one job',
    fix: 'Write a shorter slurm.time (sacctmgr show assoc format=Account,User,MaxWall)',
  },
  QOSTimeLimit: {
    what: 'its slurm.time is longer than its QoS allows one job',
    fix: 'Write a shorter slurm.time (sacctmgr show qos format=Name,MaxWall)',
  },
  DependencyNeverSatisfied: {
    what: 'the job that it waits for (--dependency) has ended in another way than --dependency requires',
    fix: 'Take --dependency out of slurm.extra',
  },
  ReservationDeleted: {
    what: 'its reservation has been deleted',
    fix: 'Take --reservation out of slurm.extra, or name another (scontrol show reservation)',
  },
  ReservationInvalid: {
    what: 'its reservation is not, or no longer, for its account',
    fix: 'Take --reservation out of slurm.extra, or name another (scontrol show reservation)',
  },
  DeadLine: {
    what: 'it cannot end before its --deadline any more',
    fix: 'Take --deadline out of slurm.extra',
  },
  BurstBufferOperation: {
    what: 'a burst buffer operation of it failed',
    fix: 'See scontrol show burstbuffer, or take its directives out',
  },
}

/** A limit on each single job, however few others run: QOSMaxGRESPerJob, AssocMaxMemPerNode, QOSMaxWallDurationPerJobLimit. */
const ONE_JOB = /^(QOS|Assoc)Max\w*Per(?:Job|Node)(?:Limit)?$/
/** A lower limit of a QoS: QOSMinGRES, QOSMinCpuNotSatisfied. */
const TOO_LITTLE = /^QOSMin\w+$/

/** Undefined where a job with this reason can still run. */
export function neverRuns(reason: string): Never | undefined {
  const [, whose] = ONE_JOB.exec(reason) ?? []
  if (whose !== undefined) {
    const [limits, show] = whose === 'QOS' ? ['QoS', 'qos'] : ['account', 'assoc']
    return {
      what: `it asks for more than its ${limits} allows one job (${reason})`,
      fix: `Ask for less in slurm.* (sacctmgr show ${show}), or for a higher limit`,
    }
  }
  if (TOO_LITTLE.test(reason)) {
    return {
      what: `it asks for less than its QoS requires of each job (${reason})`,
      fix: 'Ask for more in slurm.* (sacctmgr show qos), or choose another slurm.qos',
    }
  }
  return Object.hasOwn(NEVER, reason) ? NEVER[reason] : undefined
}
