import { given } from '../../core/domain/given.ts'
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
        ...given({ preemptMode }),
        nodes: word('Nodes') ?? '',
        ...given({ state }),
        isExclusive: fields.get('OverSubscribe') === 'EXCLUSIVE' || fields.get('Exclusive') === 'NODE',
      },
    ]
  })
}

const EMPTY: ReadonlySet<string> = new Set(['', '(null)', 'N/A'])
