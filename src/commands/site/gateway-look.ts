import { type ConfigOptions, loadConfig } from '../../adapters/config-file/load-config.ts'
import { type GatewayPreview, previewGateway } from '../../adapters/gateway/preview-gateway.ts'
import { openSlurm } from '../../adapters/slurm/open-slurm.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { COMMAND_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { withoutSlurm } from '../../programs/up/without-slurm.ts'
import type { Look } from '../../programs/updater/look-once.ts'
import { gatewayDirectory, nginxProgram } from '../../programs/updater/own-gateway.ts'
import { lookAtSite } from '../../programs/updater/run-once.ts'
import { isRunByUp, refuseForeign } from './open-site.ts'

export interface GatewayLook {
  readonly config: Config
  /** The state directory of its private nginx; undefined: the system's nginx, whose state is root's. */
  readonly directory: string | undefined
  readonly preview: GatewayPreview
  readonly look: Look
}

/**
 * The gateway of sluice.yaml, and what one round of an updater would make of it now. Writes nothing and holds no lock, so an
 * updater may run beside.
 *
 * @throws ForeignSite when the shared directory is another account's; the signal's reason when it aborts
 */
export async function lookAtGateway(options: ConfigOptions, context: Context): Promise<GatewayLook> {
  const loaded = (await loadConfig(options, context)).config
  await refuseForeign(loaded, createSerialQueue(systemClock, COMMAND_DEADLINE_MS), context)
  const isLocal = await isRunByUp(loaded, context)
  const config = isLocal ? withoutSlurm(loaded) : loaded
  const { name, nginx, directory: included, reload } = config.gateway
  const directory = gatewayDirectory(config, context)
  const preview = previewGateway({
    directory,
    nginx: await nginxProgram(context.env),
    ...{ env: context.env, clock: systemClock },
    system: nginx === 'system' ? { name, directory: included, reload: reload.split(' ') } : undefined,
  })
  const slurm = isLocal ? undefined : openSlurm({ env: context.env })
  const look = await lookAtSite({ config, gateway: preview, slurm, signal: context.signal })
  context.signal.throwIfAborted() // what a signal cut short says nothing of the site
  return { config, directory: nginx === 'system' ? undefined : directory, preview, look }
}
