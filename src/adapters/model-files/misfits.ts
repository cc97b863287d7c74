import { access } from 'node:fs/promises'
import { badValue, type ConfigFinding } from '../../core/config/config-finding.ts'
import type { Override } from '../../core/config/overrides.ts'
import type { ParsedConfig } from '../../core/config/parse-config.ts'
import type { Config, TierConfig } from '../../core/config/schema.ts'
import type { Problem } from '../../core/domain/problem.ts'
import { sizeText } from '../../core/domain/size-text.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { evenly } from '../../core/sizing/balance.ts'
import { cacheTypesMisfit } from '../../core/sizing/cache-types.ts'
import { memoryUse } from '../../core/sizing/memory.ts'
import type { ModelShape } from '../../core/sizing/model-shape.ts'
import { layersMisfit } from '../../core/sizing/plan-model.ts'
import { layoutOf, settingsOf } from '../../core/sizing/tier-layout.ts'
import { readModel } from './read-model.ts'
import { routerModels } from './router-models.ts'

/** A configuration, and where its keys stand in its file. */
type Loaded = Pick<Extract<ParsedConfig, { config: Config }>, 'config' | 'locate'>

/**
 * What sluice.yaml asks of a model that cannot have it, where this machine sees the model: a division of other layers than
 * it has, a job with less memory than the weights that mlock keeps there, and a type of keys and another of values where it
 * takes one. `sluice plan` shows the rest.
 */
export async function findMisfits(tiers: readonly string[], { config, locate }: Loaded): Promise<readonly Problem[]> {
  const findings: ConfigFinding[] = []
  for (const name of tiers) {
    const tier = config.tiers[name]
    if (tier?.engine !== 'llama.cpp') continue
    for (const file of await modelFiles(tier)) {
      const shape = await shapeOf(file)
      if (shape !== undefined) findings.push(...misfits(name, tier, shape))
    }
  }
  return findings.map(locate)
}

/** @throws UserError with everything that `findMisfits` finds */
export async function refuseMisfits(tiers: readonly string[], loaded: Loaded): Promise<void> {
  const problems = await findMisfits(tiers, loaded)
  if (problems.length > 0) throw UserError.of(problems)
}

async function modelFiles({ model, router }: TierConfig): Promise<readonly string[]> {
  if (model?.file !== undefined) return [model.file]
  if (router === undefined || router.preload.length === 0) return []
  // The directory may exist only on the nodes.
  const models = await routerModels(router.modelsDir).catch(() => [])
  return models.filter(one => router.preload.includes(one.name)).map(one => one.file)
}

/** Undefined when this machine does not have the file or cannot read it; the nodes may have it. */
async function shapeOf(file: string): Promise<ModelShape | undefined> {
  try {
    await access(file)
    return await readModel(file)
  } catch {
    return undefined
  }
}

function misfits(name: string, tier: TierConfig, shape: ModelShape): readonly ConfigFinding[] {
  const path = ['tiers', name]
  const { rpc, slurm, allow } = tier
  const isAllowed = (override: Override) => allow.includes(override)
  const findings: ConfigFinding[] = []
  const layout = layoutOf(tier)
  const misfit = rpc === undefined ? undefined : layersMisfit(shape, { ...layout, layers: rpc.layers })
  if (misfit !== undefined && !isAllowed('layers-that-do-not-add-up')) {
    const even = evenly(shape.layers.length, rpc?.layers?.length ?? 1).join(', ')
    const fix = `write layers: [${even}], or what sluice plan ${name} proposes, or allow: [layers-that-do-not-add-up]`
    findings.push(badValue([...path, 'rpc', 'layers'], misfit, fix))
  }
  const placed = misfit === undefined ? layout : { ...layout, layers: undefined }
  const settings = settingsOf(tier, shape)
  const types = cacheTypesMisfit(shape, settings)
  if (types !== undefined) {
    const fix = `write cache-type-k: ${types.type} and cache-type-v: ${types.type}`
    findings.push(badValue([...path, 'args'], types.found, fix))
  }
  const { locked } = memoryUse(shape, settings, placed).host
  if (layout.hostBytes !== undefined && locked > layout.hostBytes && !isAllowed('mem-below-locked-weights')) {
    const found = `${slurm.mem}, less than the ${sizeText(locked)} of weights that mlock locks in the node’s memory`
    const fix = `write mem: ${Math.ceil((locked * 1.1) / 2 ** 30 + 1)}G or more, or leave mlock out`
    findings.push(badValue([...path, 'slurm', 'mem'], found, `${fix}, or allow: [mem-below-locked-weights]`))
  }
  return findings
}
