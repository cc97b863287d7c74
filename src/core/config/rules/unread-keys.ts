import type { ENGINES } from '../../engines/index.ts'
import { badKey, badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { OVERRIDE_ENGINES } from '../overrides.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/** Keys that the tier's engine would ignore are refused. */
export const engineKeysRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { engine }]) => {
    if (engine === undefined) return []
    return IGNORED.filter(one => one.engines.includes(engine) && input.has(['tiers', name, one.key])).map(one =>
      badKey(['tiers', name, one.key], one.found, one.fix),
    )
  })

const OTHERS = ['llama.cpp', 'vllm', 'sglang', 'tei', 'demo'] as const satisfies (keyof typeof ENGINES)[]

const IGNORED: readonly { engines: readonly (keyof typeof ENGINES)[]; key: string; found: string; fix: string }[] = [
  ...['command', 'args', 'context', 'tensorParallel', 'stage', 'numa'].map(key => ({
    ...{ engines: ['demo'] as const, key, found: 'the demo engine ignores it', fix: 'leave it out' },
  })),
  { engines: ['tei'], key: 'context', found: 'TEI uses the context of its model', fix: 'leave it out' },
  {
    engines: ['custom'],
    key: 'context',
    found: 'Sluice does not know the flag of a custom engine',
    fix: 'write it in custom.args',
  },
  {
    engines: ['custom'],
    key: 'args',
    found: 'a custom engine has arguments of its own',
    fix: 'write them in custom.args',
  },
  {
    engines: OTHERS,
    key: 'custom',
    found: 'it is for engines that Sluice does not know',
    fix: 'write args, or engine: custom',
  },
]

/** Keys that have no effect beside the other keys of the tier are refused, so that people do not rely on them. */
export const unreadKeysRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    const path = ['tiers', name]
    return [...allowFindings(path, tier), ...numaFindings(path, tier), ...metricsFindings(path, tier)]
  })

function allowFindings(path: Path, { engine, allow }: RuleTier): ConfigFinding[] {
  if (engine === undefined) return []
  return (allow ?? []).flatMap((one, index) => {
    if (one === undefined || OVERRIDE_ENGINES[one] === engine) return []
    const found = `${quote(one)} is for ${OVERRIDE_ENGINES[one]}, and the engine is ${engine}`
    return [badValue([...path, 'allow', index], found, 'leave it out')]
  })
}

/** The engine is bound to the NUMA node of its GPU. */
function numaFindings(path: Path, { engine, numa, slurm }: RuleTier): ConfigFinding[] {
  if (numa !== true || slurm?.gpus !== 0 || engine === 'demo') return []
  return [badKey([...path, 'numa'], 'the job has no GPU (slurm.gpus)', 'leave it out')]
}

function metricsFindings(path: Path, { custom }: RuleTier): ConfigFinding[] {
  const metrics = custom?.metrics
  if (metrics === undefined) return []
  const isRead = [metrics.running, metrics.waiting, metrics.kv].some(one => one !== undefined)
  const fix = 'add running, waiting or kv, or leave metrics out'
  return isRead ? [] : [badKey([...path, 'custom', 'metrics'], 'it does not name a metric', fix)]
}
