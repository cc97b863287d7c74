/** The properties of a partition that Sluice uses. Undefined: this Slurm does not report it. */
export interface Partition {
  readonly name: string
  /** Whether jobs that name no partition go there. */
  readonly isDefault: boolean
  /** Counts only under preempt/partition_prio (slurm.conf(5) GraceTime). */
  readonly graceSeconds?: number
  /** `REQUEUE`, `CANCEL`, `SUSPEND`, `OFF`, or a list of them; the cluster's if the partition has none of its own. */
  readonly preemptMode?: string
  readonly nodes: string
  /** `UP`, `DOWN`, `DRAIN`, `INACTIVE`. */
  readonly state?: string
  /** Whether jobs get whole nodes: OverSubscribe=EXCLUSIVE, or Exclusive=NODE in newer versions. */
  readonly isExclusive: boolean
}

/** Reads `scontrol --oneliner show partition`: `Key=value` pairs without spaces, a line for each. */
export function parsePartitions(text: string): readonly Partition[] {
  return text.split('\n').flatMap(line => {
    const fields = new Map([...line.matchAll(/(\S+?)=(\S*)/g)].map(([, key = '', value = '']) => [key, value]))
    const name = fields.get('PartitionName')
    const grace = fields.get('GraceTime') ?? ''
    const word = (key: string) => (EMPTY.has(fields.get(key) ?? '') ? undefined : fields.get(key))
    const preemptMode = word('PreemptMode')
    const state = word('State')
    if (name === undefined) return []
    return [
      {
        name,
        isDefault: fields.get('Default') === 'YES',
        ...(/^\d+$/.test(grace) ? { graceSeconds: Number(grace) } : {}),
        ...(preemptMode === undefined ? {} : { preemptMode }),
        nodes: word('Nodes') ?? '',
        ...(state === undefined ? {} : { state }),
        isExclusive: fields.get('OverSubscribe') === 'EXCLUSIVE' || fields.get('Exclusive') === 'NODE',
      },
    ]
  })
}

const EMPTY: ReadonlySet<string> = new Set(['', '(null)', 'N/A'])
