import { readDuration } from './squeue-values.ts'

/** A quality of service. */
export interface Qos {
  readonly name: string
  /** Counts only under preempt/qos (sacctmgr(1) GraceTime); undefined: not legible. */
  readonly graceSeconds?: number
  /** `cluster` or empty: the cluster's PreemptMode counts. */
  readonly preemptMode: string
}

/** Reads `sacctmgr -nP show qos format=Name,GraceTime,PreemptMode`. */
export function parseQos(text: string): readonly Qos[] {
  return text.split('\n').flatMap(line => {
    const [name = '', grace = '', preemptMode = ''] = line.split('|')
    if (name === '') return []
    const graceSeconds = grace === '' ? 0 : readDuration(grace)?.value
    return [{ name, ...(graceSeconds === undefined ? {} : { graceSeconds }), preemptMode: preemptMode.toUpperCase() }]
  })
}
