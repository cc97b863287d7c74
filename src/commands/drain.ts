import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import { runRemoval } from '../programs/removal/run.ts'
import { openSite } from './site/open-site.ts'
import { type RemovalCommandOptions, removalOptions, removalSite } from './site/removal-options.ts'

export interface DrainOptions extends RemovalCommandOptions {
  readonly requeue?: boolean
}

/** `sluice drain ID`: one replica finishes its answers and is cancelled or requeued. */
export async function drain(name: string, options: DrainOptions, context: Context): Promise<void> {
  const site = await openSite(options, context)
  if (Object.hasOwn(site.config.tiers, name)) {
    throw new UserError(`Cannot drain "${name}": it is a tier; name one of its replicas, or use sluice stop ${name}`)
  }
  const manner = options.requeue === true ? 'requeue' : 'drain'
  await runRemoval(removalSite(site), { name, manner, ...removalOptions(options) }, context)
}
