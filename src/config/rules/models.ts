import { badKey, badValue, type Finding } from '../finding.ts'
import { gpuCount } from '../gpu-count.ts'
import { type Rule, type SeenTier, seenTiers } from './seen.ts'

/** Each engine serves one model, from a file or an id; llama-server also routes among those of a directory. */
export const modelRule: Rule = seen =>
  seenTiers(seen).flatMap(([name, tier]) => {
    if (tier.engine === undefined || tier.engine === 'demo') return []
    const path = ['tiers', name]
    const has = (...keys: string[]) => seen.has([...path, ...keys])
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

function routerFindings(path: readonly string[], { engine }: SeenTier, has: Has): Finding[] {
  if (!has('router')) return []
  if (engine !== 'llama.cpp') {
    return [badKey([...path, 'router'], 'it is a way of llama.cpp', 'write model: { name, file } instead')]
  }
  return has('model') ? [badKey([...path, 'model'], 'the tier has a router too', 'leave one of the two out')] : []
}

function sourceFindings(path: readonly string[], { engine }: SeenTier, has: Has): Finding[] {
  const [file, id] = [has('model', 'file'), has('model', 'id')]
  if (id && engine === 'llama.cpp') {
    const fix = 'download the model once and write model.file in the tier'
    return [badKey([...path, 'id'], 'llama.cpp would download in every job', fix)]
  }
  if (file && id) return [badKey([...path, 'id'], 'the model has a file too', 'leave one of the two out')]
  if (file || id) return []
  const fix = engine === 'llama.cpp' ? 'add file' : 'add file, or id for a model of Hugging Face'
  return [badKey(path, 'it does not say where the model is', fix)]
}

/** A program that Sluice does not know is named, told its port, and said how it is asked. */
export const customRule: Rule = seen =>
  seenTiers(seen).flatMap(([name, { engine, custom, port }]) => {
    if (engine !== 'custom') return []
    const path = ['tiers', name]
    const has = (...keys: string[]) => seen.has([...path, ...keys])
    const args = custom?.args
    const isTold = port !== undefined || args === undefined || args.some(word => String(word).includes('{port}'))
    return [
      ...(has('custom')
        ? []
        : [badKey(path, 'it does not say what the engine is', 'add custom: { args, healthPath }')]),
      ...(has('command') ? [] : [badKey(path, 'it has no program', 'add command')]),
      ...(isTold
        ? []
        : [badValue([...path, 'custom', 'args'], 'they do not tell its port', 'write {port}, or port in the tier')]),
    ]
  })

/** An endpoint gets whole GPUs of its node, and TEI computes on one. */
export const tensorParallelRule: Rule = seen =>
  seenTiers(seen).flatMap(([name, { engine, tensorParallel, slurm, rpc }]) => {
    if (tensorParallel === undefined) return []
    const path = ['tiers', name, 'tensorParallel']
    if (rpc !== undefined) return [badKey(path, 'over RPC there is one endpoint, with all GPUs', 'leave it out')]
    const gpus = slurm?.gpus === undefined ? undefined : gpuCount(slurm.gpus)
    if (engine === 'tei' && tensorParallel > 1) {
      return [
        badValue(path, `${tensorParallel}, where TEI computes on one GPU`, 'write 1 for one endpoint on each GPU'),
      ]
    }
    const nodes = slurm?.nodes ?? 1
    if (nodes > 1 && gpus !== undefined) {
      const found = `${tensorParallel} GPUs for each stage, of ${nodes} × ${gpus} (slurm.nodes, slurm.gpus)`
      const isWhole = gpus > 0 && (nodes * gpus) % tensorParallel === 0
      return isWhole ? [] : [badValue(path, found, 'write a divisor of all GPUs')]
    }
    if (gpus === undefined || (gpus > 0 && gpus % tensorParallel === 0)) return []
    const found = `${tensorParallel} GPUs for each endpoint, of ${gpus} on a node (slurm.gpus)`
    return [badValue(path, found, gpus === 0 ? 'leave it out' : 'write a divisor of slurm.gpus')]
  })
