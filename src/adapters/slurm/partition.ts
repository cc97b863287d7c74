import { given } from '../../core/domain/given.ts'
import type { Partition } from '../../core/domain/slurm-config.ts'

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
