import { badKey, badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/** Staging copies the tier's one model from a shared directory to the node's own disk. */
export const stageRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    const path = ['tiers', name, 'stage']
    if (!input.has(path)) return []
    if (!input.has(['tiers', name, 'model', 'file'])) {
      return [badKey(path, 'the tier has no model.file to copy', 'write model: { name, file }, or leave stage out')]
    }
    const nodes = tier.slurm?.nodes ?? 1
    if (nodes > 1 && !input.has(['tiers', name, 'rpc'])) {
      const found = `${nodes} nodes, of which only the first would get the model`
      return [badValue(['tiers', name, 'slurm', 'nodes'], found, 'write 1, or leave stage out')]
    }
    return [...placeFindings(path, tier), ...modelFindings(['tiers', name, 'model', 'file'], tier)]
  })

function placeFindings(path: Path, { stage }: RuleTier): ConfigFinding[] {
  const { from, to } = stage ?? {}
  if (from === undefined || to === undefined) return []
  const found = isWithin(to, from) ? 'lies in stage.from' : isWithin(from, to) ? 'holds stage.from' : undefined
  return found === undefined
    ? []
    : [badValue([...path, 'to'], `${quote(to)} ${found}`, "write a directory on the nodes' own disks")]
}

function modelFindings(path: Path, { model, stage }: RuleTier): ConfigFinding[] {
  const [file, from] = [model?.file, stage?.from]
  if (file === undefined || from === undefined || (isWithin(file, from) && !isWithin(from, file))) return []
  return [badValue(path, `${quote(file)} is not below ${quote(from)} (stage.from)`, 'write its shared path')]
}

function isWithin(path: string, directory: string): boolean {
  if (/(^|\/)\.\.(\/|$)/.test(path)) return false
  const [inner, outer] = [`${path}/`, `${directory}/`].map(text => text.replaceAll(/\/+/g, '/'))
  return inner?.startsWith(outer ?? '') === true
}
