import { basename, resolve } from 'node:path'
import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { askFitParams } from '../adapters/model-files/ask-fit-params.ts'
import { readModel } from '../adapters/model-files/read-model.ts'
import { type RouterModel, routerModels } from '../adapters/model-files/router-models.ts'
import { commandOf } from '../core/config/command-of.ts'
import type { TierConfig } from '../core/config/schema.ts'
import { tierOf } from '../core/config/tier-of.ts'
import type { Context } from '../core/context.ts'
import { codeOf, messageOf } from '../core/domain/caught.ts'
import { cannotFind } from '../core/domain/resolve-name.ts'
import { parsePart } from '../core/domain/split-model.ts'
import { UserError } from '../core/domain/user-error.ts'
import { compareWithMeasured } from '../core/sizing/fit-params.ts'
import type { Layout } from '../core/sizing/layout.ts'
import { planModel } from '../core/sizing/plan-model.ts'
import { type PlannedModel, planText, togetherText } from '../core/sizing/plan-text.ts'
import { planTogether } from '../core/sizing/plan-together.ts'
import { layoutOf, settingsOf } from '../core/sizing/tier-layout.ts'
import { printJson } from '../core/text/line-printer.ts'

export interface PlanOptions extends ConfigOptions {
  readonly json?: boolean
  /** The model file on this machine, if its path differs from that on the nodes. */
  readonly file?: string
  /** One model of a router. */
  readonly model?: string
}

/**
 * `sluice plan TIER`: whether the tier's model fits. Throws an Error (exit code 1) when it does not, and a UserError when there is
 * no model to read.
 */
export async function plan(name: string, options: PlanOptions, context: Context): Promise<void> {
  const { config } = await loadConfig(options, context)
  const tier = tierOf(config, name)
  if (tier.engine !== 'llama.cpp')
    throw new UserError(`Cannot plan ${name}: only llama.cpp is planned, and its engine is ${tier.engine}`)
  const layout = layoutOf(tier)
  const models: PlannedModel[] = []
  for (const one of await modelsOf(name, tier, options, context)) models.push(await planOne(one, tier, layout, context))
  const together = planTogether(models, layout, tier.router?.modelsMax ?? 1) ?? null
  if (options.json === true) printJson(context.print, { tier: name, models, together })
  else for (const line of textOf(models, together, layout)) context.print(line)
  const refused = models.filter(one => one.plan.refused !== null).map(one => one.name)
  if (refused.length > 0) throw new Error(`Cannot start ${refused.join(', ')} with the arguments of ${name}`)
  const large = models.filter(one => one.plan.verdict === 'does not fit').map(one => one.name)
  if (large.length > 0) throw new Error(`Cannot fit ${large.join(', ')} into the memory of ${name}`)
  if (together?.verdict === 'does not fit')
    throw new Error(`Cannot fit ${together.models.join(', ')} into the memory of ${name} at once`)
}

async function planOne(
  { name, file, projector }: RouterModel,
  tier: TierConfig,
  layout: Layout,
  context: Context,
): Promise<PlannedModel> {
  const shape = await readModel(file)
  const settings = settingsOf(tier, shape)
  const answer = await askFitParams({ file, settings, command: commandOf(tier) }, context)
  const found =
    answer === undefined || 'unknown' in answer
      ? undefined
      : compareWithMeasured({ shape, settings, layout, rows: answer })
  const planned = planModel({ shape, settings, layout, measured: found?.measured })
  const silent = answer !== undefined && 'unknown' in answer ? [answer.unknown] : []
  const beside = projector === undefined ? [] : [`the memory for ${basename(projector)}: it is not counted`]
  const unknown = [...planned.unknown, ...beside, ...silent]
  return { name, file, plan: { ...planned, unknown }, check: found?.check ?? null }
}

function textOf(
  models: readonly PlannedModel[],
  together: ReturnType<typeof planTogether> | null,
  layout: Layout,
): readonly string[] {
  const split = layout.devices.some(device => device.isRemote) ? 'layers' : 'tensor-split'
  const texts = models.map((one, index) => [...(index === 0 ? [] : ['']), ...planText(one, split)])
  return [...texts.flat(), ...(together === null || together === undefined ? [] : ['', ...togetherText(together)])]
}

async function modelsOf(
  tierName: string,
  tier: TierConfig,
  { file, model }: PlanOptions,
  { cwd }: Context,
): Promise<readonly RouterModel[]> {
  if (file !== undefined) return [{ name: tier.model?.name ?? nameOf(file), file: resolve(cwd, file) }]
  if (tier.model?.file !== undefined) return [{ name: tier.model.name, file: tier.model.file }]
  const directory = tier.router?.modelsDir
  if (directory === undefined)
    throw new UserError(`Cannot plan ${tierName}: it names no model; name a file with --file`)
  const models = await modelsIn(directory)
  if (models.length === 0) throw new UserError(`Cannot plan ${tierName}: there is no .gguf file in ${directory}`)
  if (model === undefined) return models
  const found = models.filter(one => one.name === model)
  if (found.length > 0) return found
  const names = models.map(one => one.name)
  throw cannotFind({ what: 'model', name: model, words: names, where: ` in ${directory}` })
}

async function modelsIn(directory: string): Promise<readonly RouterModel[]> {
  try {
    return await routerModels(directory)
  } catch (error) {
    const found = codeOf(error) === 'ENOENT' ? 'it does not exist on this machine' : error
    throw new UserError(
      `Cannot read ${directory}: ${messageOf(found)}; name a model with --file, or run this on a node that has it (srun)`,
      { cause: error },
    )
  }
}

/** A model's name in llama-server's router. */
function nameOf(file: string): string {
  const name = basename(file)
  return parsePart(name)?.name ?? name.replace(/\.gguf$/, '')
}
