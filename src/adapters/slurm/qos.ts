import { given } from '../../core/domain/given.ts'
import type { Qos } from '../../core/domain/slurm-config.ts'
import { readDuration } from './squeue-values.ts'

/** Reads `sacctmgr -nP show qos format=Name,GraceTime,PreemptMode`. */
export function parseQos(text: string): readonly Qos[] {
  return text.split('\n').flatMap(line => {
    const [name = '', grace = '', preemptMode = ''] = line.split('|')
    if (name === '') return []
    const graceSeconds = grace === '' ? 0 : readDuration(grace)?.value
    return [{ name, ...given({ graceSeconds }), preemptMode: preemptMode.toUpperCase() }]
  })
}
