import { badKey, badValue, type ConfigFinding } from '../config-finding.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/** A head and its workers have a node each, serve one model, and share its layers. */
export const rpcRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    const path = ['tiers', name]
    if (!input.has([...path, 'rpc'])) return []
    return [
      ...(tier.engine === undefined || tier.engine === 'llama.cpp'
        ? []
        : [badKey([...path, 'rpc'], 'only llama.cpp has RPC', 'leave it out, or write engine: llama.cpp')]),
      ...(input.has([...path, 'router'])
        ? [badKey([...path, 'router'], 'over RPC there is one model', 'write model: { name, file } instead')]
        : []),
      ...countFindings(name, tier),
    ]
  })

function countFindings(name: string, { rpc, slurm }: RuleTier): ConfigFinding[] {
  const { workers, layers } = rpc ?? {}
  if (workers === undefined) return []
  const nodes = workers + 1
  const all = `a head and ${workers} worker${workers === 1 ? '' : 's'}`
  return [
    ...(slurm?.nodes === undefined || slurm.nodes === nodes
      ? []
      : [
          badValue(
            ['tiers', name, 'slurm', 'nodes'],
            `${slurm.nodes}, for ${all}`,
            `write nodes: ${nodes} below slurm`,
          ),
        ]),
    ...(layers === undefined || layers.length === nodes
      ? []
      : [badValue(['tiers', name, 'rpc', 'layers'], `${layers.length} numbers, for ${all}`, `write ${nodes}`)]),
    ...(layers?.slice(1) ?? []).flatMap((count, index) =>
      count === 0
        ? [badValue(['tiers', name, 'rpc', 'layers', index + 1], 'a worker without a layer', 'lower workers by one')]
        : [],
    ),
  ]
}
