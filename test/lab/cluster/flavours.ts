import type { ClusterOptions } from './cluster-options.ts'

/** The labs that the same scenarios run on: what differs from DEFAULT_OPTIONS. `main.ts --flavour=NAME` makes one. */
export const FLAVOURS = {
  /** The newest Slurm, nginx and njs of the range, and preemption by partition. */
  sid: {},
  /** The oldest: Slurm 22.05, nginx 1.22, njs 0.7.9. */
  bookworm: { suite: 'bookworm' },
  /** Preemption as the example site has it; the grace is the QoS's. */
  qos: { preemption: 'qos' },
  /** What is old, set up as the example site is. */
  'bookworm-qos': { suite: 'bookworm', preemption: 'qos' },
  /** GraceTime's default. The signals at its end reach the whole process tree, the engine's too. */
  grace0: { graceSeconds: 0 },
  /** How sites track processes: of a step's processes only slurmstepd's own children are signalled. */
  cgroup: { proctrack: 'cgroup' },
  /** The engine hears nothing of the signals, and is drained in what KillWait leaves. */
  'cgroup-grace0': { proctrack: 'cgroup', graceSeconds: 0 },
} as const satisfies Record<string, Partial<ClusterOptions>>

export type Flavour = keyof typeof FLAVOURS

/** @throws when there is none of that name */
export function flavourOptions(name: string): Partial<ClusterOptions> {
  if (!Object.hasOwn(FLAVOURS, name)) {
    throw new Error(`Cannot make a lab: "${name}" is none of the flavours ${Object.keys(FLAVOURS).join(', ')}`)
  }
  return FLAVOURS[name as Flavour]
}
