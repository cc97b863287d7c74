/** What Sluice wants to know of `scontrol show config`. Undefined: this Slurm does not say. */
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
  /** Of cgroup.conf: whether TERM reaches the children of a step's processes. */
  readonly signalChildrenProcesses?: boolean
  readonly authInfo?: string
  /** `cred_expire` of AuthInfo: a requeued job is held for this long and a second. Undefined: Slurm's default, 120. */
  readonly credExpireSeconds?: number
  /** `requeue_delay` of SchedulerParameters, from 25.11 on. Undefined: cred_expire decides. */
  readonly requeueDelaySeconds?: number
}

/** What Sluice wants to know of a partition. Undefined: this Slurm does not say. */
export interface Partition {
  readonly name: string
  /** Where jobs go that name none. */
  readonly isDefault: boolean
  /** Counts only under preempt/partition_prio (slurm.conf(5) GraceTime). */
  readonly graceSeconds?: number
  /** `REQUEUE`, `CANCEL`, `SUSPEND`, `OFF`, a list of them; the cluster's where the partition has none of its own. */
  readonly preemptMode?: string
  readonly nodes: string
  /** `UP`, `DOWN`, `DRAIN`, `INACTIVE`. */
  readonly state?: string
  /** Each job has its nodes to itself: OverSubscribe=EXCLUSIVE, or Exclusive=NODE of newer ones. */
  readonly isExclusive: boolean
}

/** A quality of service. */
export interface Qos {
  readonly name: string
  /** Counts only under preempt/qos (sacctmgr(1) GraceTime); undefined: not legible. */
  readonly graceSeconds?: number
  /** `cluster` or empty: the cluster's PreemptMode holds. */
  readonly preemptMode: string
}
