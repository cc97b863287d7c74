import type { Suite } from './tree-recipe.ts'

/** What may differ between two labs. Each field is also a flag of main.ts: `--grace-seconds=0`. */
export type ClusterOptions = {
  /** The Debian suite whose Slurm, nginx and llama.cpp run. */
  suite: Suite
  /** Who preempts: the jobs of a partition, or those of a QoS, which wants slurmdbd and its database. */
  preemption: 'partition' | 'qos'
  /** GraceTime of gpu_ai, or of its QoS; slurmctld enforces it on its next pass, so it lasts a few seconds longer. */
  graceSeconds: number
  /** slurm.conf KillWait: between TERM and KILL; Slurm's own default, of which a drain keeps five seconds. */
  killWaitSeconds: number
  /** AuthInfo=cred_expire: a requeued job is held for this long and one second. Slurm's own default is 120. */
  credExpireSeconds: number
  /** How long a finished job stays visible. */
  minJobAgeSeconds: number
  /** How long a silent slurmd counts as alive. */
  slurmdTimeoutSeconds: number
  /** Whom Slurm signals: linuxproc the whole process tree, cgroup the direct children of slurmstepd. */
  proctrack: 'linuxproc' | 'cgroup'
  nodeCount: number
  gpusPerNode: number
  cpusPerNode: number
  memoryMebibytesPerNode: number
}

export const DEFAULT_OPTIONS: ClusterOptions = {
  suite: 'sid',
  preemption: 'partition',
  graceSeconds: 20,
  killWaitSeconds: 30,
  credExpireSeconds: 5,
  minJobAgeSeconds: 300,
  slurmdTimeoutSeconds: 300,
  proctrack: 'linuxproc',
  nodeCount: 3,
  gpusPerNode: 4,
  cpusPerNode: 32,
  memoryMebibytesPerNode: 385_000,
}

export type Flags = Partial<Record<keyof ClusterOptions, string>>

const CHOICES: Partial<Record<keyof ClusterOptions, readonly string[]>> = {
  suite: ['sid', 'bookworm'] satisfies Suite[],
  preemption: ['partition', 'qos'] satisfies ClusterOptions['preemption'][],
  proctrack: ['linuxproc', 'cgroup'] satisfies ClusterOptions['proctrack'][],
}

/** Flags go before `flavour`, and that before the defaults. @throws when a value is not a whole number where one is wanted, or is none of the choices */
export function optionsFromFlags(flags: Flags, flavour: Partial<ClusterOptions> = {}): ClusterOptions {
  const given = Object.entries(flags).map(([name, text]) => [name, readFlag(name as keyof ClusterOptions, text)])
  return { ...DEFAULT_OPTIONS, ...flavour, ...Object.fromEntries(given) }
}

function readFlag(name: keyof ClusterOptions, text: string): string | number {
  const choices = CHOICES[name]
  if (choices !== undefined && !choices.includes(text)) {
    throw new Error(`Cannot read option ${name}: "${text}" is none of ${choices.join(', ')}`)
  }
  if (choices === undefined && !/^\d+$/.test(text)) {
    throw new Error(`Cannot read option ${name}: "${text}" is not a whole number`)
  }
  return choices === undefined ? Number(text) : text
}
