import { badKey, badValue, type ConfigFinding } from '../config-finding.ts'
import { gpuCount } from '../gpu-count.ts'
import { parallelism } from '../parallelism.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/** Each engine serves one model, from a file or an id; llama-server also routes among those of a directory. */
export const modelRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    if (tier.engine === undefined || tier.engine === 'demo') return []
    const path = ['tiers', name]
    const has = (...keys: string[]) => input.has([...path, ...keys])
    const missing =
      tier.engine === 'llama.cpp'
        ? 'add model: { name, file } for one model, or router: { modelsDir } for a directory'
        : 'add model: { name, file } for files on the nodes, or model: { name, id } for one of Hugging Face'
    const listsItsOwn = tier.engine === 'custom' && has('custom', 'modelsPath')
    return [
      ...routerFindings(path, tier, has),
      ...(has('model') || has('router') || listsItsOwn ? [] : [badKey(path, 'it has no model', missing)]),
      ...(has('model') ? sourceFindings([...path, 'model'], tier, has) : []),
    ]
  })

type Has = (...keys: string[]) => boolean

function routerFindings(path: readonly string[], { engine }: RuleTier, has: Has): ConfigFinding[] {
  if (!has('router')) return []
  if (engine !== 'llama.cpp') {
    return [badKey([...path, 'router'], 'only llama.cpp has a router', 'write model: { name, file } instead')]
  }
  return has('model') ? [badKey([...path, 'model'], 'the tier has a router too', 'leave one of the two out')] : []
}

function sourceFindings(path: readonly string[], { engine }: RuleTier, has: Has): ConfigFinding[] {
  const [file, id] = [has('model', 'file'), has('model', 'id')]
  if (id && engine === 'llama.cpp') {
    const fix = 'download the model once and write model.file in the tier'
    return [badKey([...path, 'id'], 'llama.cpp would download in every job', fix)]
  }
  if (file && id) return [badKey([...path, 'id'], 'the model has a file too', 'leave one of the two out')]
  if (file || id) return []
  const fix = engine === 'llama.cpp' ? 'add file' : 'add file, or id for a model of Hugging Face'
  return [badKey(path, 'it does not name the place of the model', fix)]
}

/** A custom engine has a program, gets its port, and has the paths of its API. */
export const customRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { engine, custom, port }]) => {
    if (engine !== 'custom') return []
    const path = ['tiers', name]
    const has = (...keys: string[]) => input.has([...path, ...keys])
    const args = custom?.args
    const isPortKnown = port !== undefined || args === undefined || args.some(word => String(word).includes('{port}'))
    return [
      ...(has('custom') ? [] : [badKey(path, 'it does not describe the engine', 'add custom: { args, healthPath }')]),
      ...(has('command') ? [] : [badKey(path, 'it has no program', 'add command')]),
      ...(isPortKnown
        ? []
        : [badValue([...path, 'custom', 'args'], 'they do not contain its port', 'write {port}, or port in the tier')]),
    ]
  })

/**
 * An endpoint gets whole GPUs of its node: the product of its tensor, pipeline and data parallelism. TEI computes on one GPU. An
 * engine over several nodes has all of their GPUs.
 */
export const tensorParallelRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { engine, tensorParallel, args, slurm, rpc }]) => {
    const path = ['tiers', name, 'tensorParallel']
    const gpus = slurm?.gpus === undefined ? undefined : gpuCount(slurm.gpus)
    const nodes = slurm?.nodes ?? 1
    const { pipeline, data } = engine === undefined ? { pipeline: 1, data: 1 } : parallelism(engine, args)
    const factor = pipeline * data
    if (tensorParallel === undefined) {
      // Without it there is one engine, which gets no argument for tensor parallelism.
      if (factor === 1 || nodes > 1 || gpus === undefined || factor <= gpus) return []
      const found = `they take ${product([pipeline, data])} GPUs, of ${gpus} on a node (slurm.gpus)`
      return [badKey(['tiers', name, 'args'], found, 'write fewer, or more gpus')]
    }
    if (rpc !== undefined) return [badKey(path, 'over RPC there is one endpoint, with all GPUs', 'leave it out')]
    if (engine === 'tei' && tensorParallel > 1) {
      return [
        badValue(path, `${tensorParallel}, where TEI computes on one GPU`, 'write 1 for one endpoint on each GPU'),
      ]
    }
    if (nodes > 1 && gpus !== undefined) {
      const found = `${tensorParallel} GPUs for each stage, of ${nodes} × ${gpus} (slurm.nodes, slurm.gpus)`
      const isWhole = gpus > 0 && (nodes * gpus) % tensorParallel === 0
      return isWhole ? [] : [badValue(path, found, 'write a divisor of all GPUs')]
    }
    if (gpus === undefined || (gpus > 0 && gpus % (tensorParallel * factor) === 0)) return []
    const found = `${product([tensorParallel, pipeline, data])} GPUs for each endpoint, of ${gpus} on a node (slurm.gpus)`
    const fix =
      factor === 1
        ? 'write a divisor of slurm.gpus'
        : 'write a number whose product with those in args divides slurm.gpus'
    return [badValue(path, found, gpus === 0 ? 'leave it out' : fix)]
  })

/** `2 × 4`, without factors of 1. */
function product(factors: readonly number[]): string {
  return factors.filter((factor, index) => index === 0 || factor > 1).join(' × ')
}
