import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { writeAtomic } from '../adapters/system/atomic-file.ts'
import { makeDirectory } from '../adapters/system/make-directory.ts'
import { placeToWrite } from '../adapters/system/working-directory.ts'
import { tierOf } from '../core/config/tier-of.ts'
import type { Context } from '../core/context.ts'
import { codeOf } from '../core/domain/caught.ts'
import type { GatewayModel } from '../core/domain/gateway-model.ts'
import { UserError } from '../core/domain/user-error.ts'
import { printText } from '../core/text/line-printer.ts'
import { lookAtGateway } from './site/gateway-look.ts'

export interface GatewayRenderOptions extends ConfigOptions {
  /** As if sluice.yaml had these alone. */
  readonly tier?: readonly string[]
  /** A directory for the files, empty or not there yet; without it they go to standard output. */
  readonly output?: string
}

/**
 * `sluice gateway render`: nginx's files for the endpoints that are there now. Engine keys are replaced by a placeholder.
 * Touches neither nginx nor its state.
 *
 * @throws UserError for an unknown tier, and for an output directory that is not empty
 */
export async function gatewayRender(options: GatewayRenderOptions, context: Context): Promise<void> {
  const output = options.output === undefined ? undefined : placeToWrite(options.output, context.cwd)
  if (output !== undefined) await refuseFilled(output, options.output ?? output)
  const { config, look, preview } = await lookAtGateway(options, context)
  for (const name of options.tier ?? []) tierOf(config, name)
  for (const trouble of look.troubles) context.warn(`Not known: ${trouble}`)
  const generation = typeof look.running === 'object' ? look.running.generation : FIRST_GENERATION
  const files = await preview.render(only(options.tier, look.plan.model), generation)
  if (output !== undefined) await makeDirectory(output)
  let isFirst = true
  for (const [name, text] of files) {
    if (output === undefined) {
      // As head(1) shows several files.
      printText(context.print, `${isFirst ? '' : '\n'}==> ${name} <==`)
      printText(context.print, text.trimEnd())
    } else {
      await writeAtomic(join(output, name), text)
      context.print(`Wrote ${join(options.output ?? output, name)}`)
    }
    isFirst = false
  }
}

const FIRST_GENERATION = 1

function only(tiers: readonly string[] | undefined, model: GatewayModel): GatewayModel {
  return tiers === undefined ? model : { ...model, tiers: model.tiers.filter(tier => tiers.includes(tier.name)) }
}

/** What is there may be a configuration that some nginx reads. */
async function refuseFilled(directory: string, shown: string): Promise<void> {
  const fix = 'name a directory that is empty or does not exist'
  try {
    if ((await readdir(directory)).length > 0)
      throw new UserError(`Cannot write into ${shown}: it is not empty; ${fix}`)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    if (codeOf(error) === 'ENOTDIR')
      throw new UserError(`Cannot write into ${shown}: it is a file; ${fix}`, { cause: error })
    throw error
  }
}
