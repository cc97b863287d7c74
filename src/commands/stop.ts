import type { Context } from '../core/context.ts'
import { runRemoval } from '../programs/removal/run.ts'
import { openSite } from './site/open-site.ts'
import { type RemovalCommandOptions, removalOptions, removalSite } from './site/removal-options.ts'

export interface StopOptions extends RemovalCommandOptions {
  readonly now?: boolean
}

/** `sluice stop TIER|ID`: its replicas finish their answers and are cancelled, or are cancelled at once. */
export async function stop(name: string, options: StopOptions, context: Context): Promise<void> {
  const site = await openSite(options, context)
  const manner = options.now === true ? 'now' : 'drain'
  await runRemoval(removalSite(site), { name, manner, ...removalOptions(options) }, context)
}
