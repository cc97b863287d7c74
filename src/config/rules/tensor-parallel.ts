import { badKey, badValue } from '../finding.ts'
import { type Rule, seenTiers } from './seen.ts'

/** The GPUs of a node are divided among its engines without a remainder; one model over several nodes is one engine. */
export const tensorParallelRule: Rule = seen =>
  seenTiers(seen).flatMap(([name, { tensorParallel, slurm, rpc }]) => {
    if (tensorParallel === undefined) return []
    const path = ['tiers', name, 'tensorParallel']
    if (rpc !== undefined) return [badKey(path, 'over RPC there is one engine, with all GPUs', 'leave it out')]
    const gpus = slurm?.gpus
    if (gpus === undefined || (gpus > 0 && gpus % tensorParallel === 0)) return []
    const found = `${tensorParallel} does not divide the ${gpus} GPUs of a node (slurm.gpus)`
    return [badValue(path, found, 'write a divisor of slurm.gpus')]
  })
