import { basename } from 'node:path'
import type { Flavour } from '../test/lab/cluster/flavours.ts'

/** One lab, and the files of test/lab that run in it one after the other. */
export interface LabStep {
  readonly flavour: Flavour
  readonly files: readonly string[]
  /** About, on a machine of its own. */
  readonly seconds: number
}

/** What runs on which cluster, by the beginnings of the names: all of it on the newest, elsewhere what may differ there. */
const LABS: Readonly<Record<Flavour, readonly string[]>> = {
  sid: [''],
  bookworm: ['path', 'faults-control', 'faults-engine', 'faults-registry', 'gateway', 'rpc', 'submit', 'lab.test'],
  qos: ['path', 'lab.test'],
  cgroup: ['path', 'lab.test'],
  'bookworm-qos': ['path'],
  grace0: ['path'],
  'cgroup-grace0': ['path'],
}

/** Measured. They need not be right: they decide what begins first, so that the runs beside each other end at the same time. */
const SECONDS: Readonly<Record<string, number>> = {
  'faults-control': 200,
  'faults-squeue': 140,
  'gateway-system': 150,
  rpc: 110,
  up: 200,
  'faults-registry': 90,
  'faults-engine': 90,
  'gateway-reload': 35,
  lab: 35,
  'gateway-crash': 25,
  path: 25,
  'gateway-delivery': 25,
  'gateway-outliers': 15,
  'gateway-bounds': 6,
  'gateway-keys': 5,
  'gateway-models': 6,
  'gateway-paths': 6,
  'gateway-recovery': 7,
  'gateway-traffic': 6,
  submit: 8,
  'apt-sources': 1,
}
/** Of a file that is new. */
const SOME_SECONDS = 40

/** A lab starts in seconds, so that many short ones cost little; the end of the last is what all wait for. */
const LONGEST_STEP_SECONDS = 240

/** The longest come first. */
export function planLabs(files: readonly string[]): readonly LabStep[] {
  return Object.entries(LABS)
    .flatMap(([flavour, beginnings]) => {
      const chosen = files.filter(file => beginnings.some(beginning => basename(file).startsWith(beginning)))
      return inSteps(chosen).map(step => ({ flavour: flavour as Flavour, ...step }))
    })
    .toSorted((a, b) => b.seconds - a.seconds)
}

/** As many steps as it takes, each file in the one that has the least so far. */
function inSteps(files: readonly string[]): readonly Omit<LabStep, 'flavour'>[] {
  const total = files.reduce((sum, file) => sum + secondsOf(file), 0)
  const steps = Array.from({ length: Math.ceil(total / LONGEST_STEP_SECONDS) }, () => ({
    files: [] as string[],
    seconds: 0,
  }))
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const [least] = steps.toSorted((a, b) => a.seconds - b.seconds)
    least?.files.push(file)
    if (least !== undefined) least.seconds += secondsOf(file)
  }
  return steps
}

function secondsOf(file: string): number {
  return SECONDS[basename(file, '.test.ts')] ?? SOME_SECONDS
}
