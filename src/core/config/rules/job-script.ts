import { badValue } from '../config-finding.ts'
import { asksForGpus, optionName } from '../sbatch-option.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

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

/** Options on which a replica's life depends ("Ending a replica", docs/design/slurm.md). */
const SLUICES_OWN = [
  '--requeue',
  '--no-requeue',
  '--open-mode',
  '--comment',
  '--ntasks',
  '-n',
  '--ntasks-per-node',
  '--ntasks-per-gpu',
  '--array',
  '-a',
  '--wrap',
  '--parsable',
  '--test-only',
  '--wait',
  '-W',
]

/** They would submit the job to another cluster, but squeue, scancel and scontrol ask the machine's own. */
const OTHER_CLUSTER: ReadonlySet<string> = new Set(['-M', '--clusters', '--cluster'])

/** `slurm.extra` adds options. It may not repeat one, nor add one that sbatch refuses together with a rendered one. */
export const extraRule: Rule = input =>
  ruleTiers(input).flatMap(([tier, { slurm }]) =>
    (slurm?.extra ?? []).flatMap((option, index) => {
      const name = optionName(option ?? '')
      const path = ['tiers', tier, 'slurm', 'extra', index]
      const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined
      if (key !== undefined) return [badValue(path, `${name} has a key of its own`, `write ${key} below slurm`)]
      if (OTHER_CLUSTER.has(name)) {
        return [badValue(path, `${name} submits to a cluster that Sluice does not watch`, ANOTHER_SITE)]
      }
      if (SLUICES_OWN.includes(name)) return [badValue(path, `Sluice sets ${name}`, 'leave it out')]
      const other = EXCLUDING.find(one => one.excludes(option ?? '') && one.isRendered(slurm ?? {}))
      return other === undefined ? [] : [badValue(path, `${name} excludes ${other.what}`, other.fix)]
    }),
  )

const ANOTHER_SITE =
  'leave it out, and set up a site for each cluster, on a machine whose Slurm commands use that cluster'

/** Without whole nodes, jobs would share GPUs that Slurm does not know. */
export const unrequestedGpusRule: Rule = input =>
  ruleTiers(input).flatMap(([tier, { slurm }]) => {
    const { gpus, requestGpus, exclusive, extra } = slurm ?? {}
    if (requestGpus !== false) return []
    const path = ['tiers', tier, 'slurm', 'requestGpus']
    if (gpus === 0) return [badValue(path, 'the tier asks for no GPUs (slurm.gpus)', 'leave it out')]
    if (exclusive === true || extra?.some(option => asksForGpus(option ?? '')) === true) return []
    const found = 'another job of the node could use the same GPUs'
    return [badValue(path, found, 'write exclusive: true beside it, or ask for GPUs in extra')]
  })

type RuleSlurm = NonNullable<RuleTier['slurm']>

interface Excluding {
  excludes(option: string): boolean
  isRendered(slurm: RuleSlurm): boolean
  readonly what: string
  readonly fix: string
}

const named =
  (...names: readonly string[]) =>
  (option: string) =>
    names.includes(optionName(option))

/** Reference: sbatch(1), "mutually exclusive"; `--gres=gpu` beside `--gpus-per-node` since 26.05, and counted twice before. */
const EXCLUDING: readonly Excluding[] = [
  {
    excludes: asksForGpus,
    isRendered: ({ gpus, requestGpus }) => gpus !== undefined && gpus !== 0 && requestGpus !== false,
    what: '--gpus-per-node, which gpus asks for',
    fix: 'write gpus with a type, such as a100:4, or requestGpus: false below slurm where this asks for them',
  },
  {
    excludes: named('--mem-per-cpu', '--mem-per-gpu'),
    isRendered: ({ mem }) => mem !== undefined,
    what: '--mem, which mem asks for',
    fix: 'leave one of the two out',
  },
  {
    excludes: named('--cpus-per-gpu'),
    isRendered: ({ cpus }) => cpus !== undefined,
    what: '--cpus-per-task, which cpus asks for',
    fix: 'leave one of the two out',
  },
  {
    excludes: named('--nodefile', '-F'),
    isRendered: ({ nodelist }) => nodelist !== undefined,
    what: '--nodelist, which nodelist asks for',
    fix: 'leave one of the two out',
  },
  {
    excludes: named('--oversubscribe', '-s', '--share'),
    isRendered: ({ exclusive }) => exclusive === true,
    what: '--exclusive, which exclusive asks for',
    fix: 'leave one of the two out',
  },
]

/** sbatch reads its lines up to the first command only. */
export const setupRule: Rule = input =>
  ruleTiers(input).flatMap(([tier, { setup }]) =>
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
