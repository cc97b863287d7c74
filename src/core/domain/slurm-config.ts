/** The values of `scontrol show config` that Sluice uses. Undefined: this Slurm does not print the value. */
export interface SlurmConfig {
  readonly version?: string
  readonly clusterName?: string
  /** Seconds between TERM and KILL. */
  readonly killWaitSeconds?: number
  /** How long a finished job stays visible. */
  readonly minJobAgeSeconds?: number
  readonly maxJobCount?: number
  readonly preemptType?: string
  readonly preemptMode?: string
  readonly preemptParameters?: string
  readonly slurmctldParameters?: string
  readonly jobRequeue?: boolean
  readonly proctrackType?: string
  /** cgroup.conf(5): whether TERM reaches the children of a step's processes. */
  readonly signalChildrenProcesses?: boolean
  readonly authInfo?: string
  /** `cred_expire` of AuthInfo: a requeued job waits this long and a second more. Undefined: Slurm's default, 120. */
  readonly credExpireSeconds?: number
  /** `requeue_delay` of SchedulerParameters, from 25.11 on. Undefined: cred_expire decides. */
  readonly requeueDelaySeconds?: number
}

/** The values of a partition that Sluice uses. Undefined: this Slurm does not print the value. */
export interface Partition {
  readonly name: string
  /** Slurm uses it for jobs that name no partition. */
  readonly isDefault: boolean
  /** Counts only under preempt/partition_prio (slurm.conf(5) GraceTime). */
  readonly graceSeconds?: number
  /** `REQUEUE`, `CANCEL`, `SUSPEND`, `OFF` or a list of them; the cluster's mode if the partition has none. */
  readonly preemptMode?: string
  readonly nodes: string
  /** `UP`, `DOWN`, `DRAIN`, `INACTIVE`. */
  readonly state?: string
  /** Jobs do not share nodes: OverSubscribe=EXCLUSIVE, or Exclusive=NODE of newer versions. */
  readonly isExclusive: boolean
}

/** A quality of service. */
export interface Qos {
  readonly name: string
  /** Counts only under preempt/qos (sacctmgr(1) GraceTime); undefined: it could not be read. */
  readonly graceSeconds?: number
  /** `cluster` or empty: the cluster's PreemptMode applies. */
  readonly preemptMode: string
}
