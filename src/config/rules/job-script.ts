import { badValue } from '../finding.ts'
import { type Rule, seenTiers } from './seen.ts'

/** Options of sbatch(1) that have a key of their own. */
const KEYS: Readonly<Record<string, string>> = {
  '--job-name': 'jobName',
  '-J': 'jobName',
  '--partition': 'partition',
  '-p': 'partition',
  '--qos': 'qos',
  '-q': 'qos',
  '--account': 'account',
  '-A': 'account',
  '--nodes': 'nodes',
  '-N': 'nodes',
  '--nodelist': 'nodelist',
  '-w': 'nodelist',
  '--gpus-per-node': 'gpus',
  '--cpus-per-task': 'cpus',
  '-c': 'cpus',
  '--mem': 'mem',
  '--time': 'time',
  '-t': 'time',
  '--exclusive': 'exclusive',
  '--signal': 'signalLeadSeconds',
  '--output': 'output',
  '-o': 'output',
}

/** Options that a replica's life depends on (reference/slurm.md, "Ending a replica"). */
const SLUICES_OWN = [
  '--requeue',
  '--no-requeue',
  '--open-mode',
  '--comment',
  '--ntasks',
  '-n',
  '--ntasks-per-node',
  '--array',
  '-a',
  '--wrap',
  '--parsable',
  '--test-only',
  '--wait',
  '-W',
]

/** Would give the job to a cluster that nobody here asks: squeue, scancel and scontrol go to the machine's own. */
const OTHER_CLUSTER: ReadonlySet<string> = new Set(['-M', '--clusters', '--cluster'])

/** `slurm.extra` adds options; it does not give one a second time. */
export const extraRule: Rule = seen =>
  seenTiers(seen).flatMap(([tier, { slurm }]) =>
    (slurm?.extra ?? []).flatMap((option, index) => {
      const name = optionName(option ?? '')
      const path = ['tiers', tier, 'slurm', 'extra', index]
      const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined
      if (key !== undefined) return [badValue(path, `${name} has a key of its own`, `write ${key} below slurm`)]
      if (OTHER_CLUSTER.has(name))
        return [badValue(path, `${name} submits to a cluster that is not looked at`, ANOTHER_SITE)]
      return SLUICES_OWN.includes(name) ? [badValue(path, `${name} is for Sluice to say`, 'leave it out')] : []
    }),
  )

const ANOTHER_SITE = 'leave it out, and give each cluster a site of its own, on a machine whose Slurm commands ask it'

/** sbatch reads its lines up to the first command only. */
export const setupRule: Rule = seen =>
  seenTiers(seen).flatMap(([tier, { setup }]) =>
    (setup ?? []).flatMap((line, index) =>
      line !== undefined && /^\s*#SBATCH\b/.test(line)
        ? [
            badValue(
              ['tiers', tier, 'setup', index],
              'sbatch reads no #SBATCH line there',
              'move the option to slurm.extra',
            ),
          ]
        : [],
    ),
  )

/** `--mem=4G` → `--mem`, `-p gpu` and `-pgpu` → `-p`. */
function optionName(option: string): string {
  return option.startsWith('--') ? (option.split('=', 1)[0] ?? '') : option.slice(0, 2)
}
