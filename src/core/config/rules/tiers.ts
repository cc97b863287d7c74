import { ENGINES } from '../../engines/index.ts'
import { badKey, badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { countHosts } from '../host-count.ts'
import { type Rule, ruleTiers } from './rule-input.ts'

export const someTierRule: Rule = ({ config, has }) => {
  if (config.tiers === undefined || Object.keys(config.tiers).length > 0 || !has(['tiers'])) return []
  return [badKey(['tiers'], 'there is no tier', 'add one, such as fast: { engine: llama.cpp, path: /, … }')]
}

/** Each tier has another path. Nested paths are allowed: nginx takes the longest. */
export const pathRule: Rule = input => [
  ...twice(ruleTiers(input).map(([name, tier]) => ({ name, value: tier.path, path: ['tiers', name, 'path'] }))),
  ...ruleTiers(input).flatMap(([name, { path }]) => {
    const taken = TAKEN_PATHS.find(one => path?.startsWith(one.path))
    const fix = `write another, such as /${name}/`
    return taken === undefined ? [] : [badValue(['tiers', name, 'path'], `${quote(path ?? '')} ${taken.found}`, fix)]
  }),
]

const TAKEN_PATHS: readonly { path: string; found: string }[] = [
  { path: '/v1/', found: 'is where a tier at / has its API' },
  { path: '/_sluice/', found: 'is reserved for the gateway itself' },
]

/** The job scripts of all tiers are rendered into one directory, so their names differ. */
export const scriptRule: Rule = input =>
  twice(
    ruleTiers(input).map(([name, tier]) => {
      const path = ['tiers', name, 'slurm', 'script']
      return { name, value: input.has(path) ? tier.slurm?.script : `${name}.slurm`, path }
    }),
  )

/** With more models than fit, loading the last would unload the first before a request comes. */
export const preloadRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { router }]) => {
    const path = ['tiers', name, 'router', 'preload']
    const { preload, modelsMax } = router ?? {}
    if (preload === undefined) return []
    const again = preload.flatMap((model, index) =>
      model !== undefined && preload.indexOf(model) < index
        ? [badValue([...path, index], `${quote(model)} is listed twice`, 'leave one of them out')]
        : [],
    )
    if (modelsMax === undefined || preload.length <= modelsMax || again.length > 0) return again
    const found = `${preload.length} models, where ${modelsMax} fit (modelsMax)`
    return [badValue(path, found, `list at most ${modelsMax}, or raise modelsMax`)]
  })

/** sbatch(1) --nodelist: the job gets all of these hosts, not some of them. */
export const nodelistRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { slurm }]) => {
    const { nodelist, nodes } = slurm ?? {}
    const named = nodelist === undefined ? 0 : countHosts(nodelist)
    if (nodes === undefined || named <= nodes) return []
    const path = ['tiers', name, 'slurm', 'nodelist']
    const fix =
      nodes > 1
        ? `name ${nodes}`
        : 'name one node; for a choice among several, leave it out and use partition, or --exclude in extra'
    return [badValue(path, `Slurm would give the job all ${named} nodes of ${quote(nodelist ?? '')}`, fix)]
  })

export const nodesRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { engine, slurm }]) => {
    const nodes = slurm?.nodes ?? 1
    if (nodes === 1 || engine === undefined || input.has(['tiers', name, 'rpc'])) return []
    if (ENGINES[engine].addressVariable !== undefined) return []
    const path = ['tiers', name, 'slurm', 'nodes']
    return [
      badValue(
        path,
        `${nodes} nodes, but the engine would use only one`,
        'write 1, or add rpc: { workers } to serve one model over several; more replicas take more nodes',
      ),
    ]
  })

interface Claim {
  readonly name: string
  readonly value: string | number | undefined
  readonly path: Path
}

/** Values that an earlier tier already has; tiers without a value do not conflict. */
function twice(claims: readonly Claim[]): ConfigFinding[] {
  const first = new Map<string | number, string>()
  return claims.flatMap(({ name, value, path }) => {
    if (value === undefined) return []
    const other = first.get(value)
    if (other === undefined) first.set(value, name)
    return other === undefined
      ? []
      : [badValue(path, `tier "${other}" has ${JSON.stringify(value)} already`, 'write another')]
  })
}
