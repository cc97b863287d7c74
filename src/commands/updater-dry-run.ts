import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import type { Context } from '../core/context.ts'
import { type ChangedLines, changedLines } from '../core/text/changed-lines.ts'
import { changesOf, describeLook, isNothing } from '../programs/updater/describe-look.ts'
import { type GatewayLook, lookAtGateway } from './site/gateway-look.ts'

/** Exit code of a dry run that would change something. */
const WOULD_CHANGE = 3

/** `sluice updater --once --dry-run`: what one round would change, and why. Exit code 0: nothing. */
export async function updaterDryRun(options: ConfigOptions, context: Context): Promise<void> {
  const gateway = await lookAtGateway(options, context)
  const { look, config } = gateway
  const changes = changesOf(look, await nginxChanges(gateway))
  for (const line of describeLook(look, changes, config.gateway.name)) context.print(line)
  if (!isNothing(changes)) context.endWith(WOULD_CHANGE)
}

/**
 * Of `gateway.conf`: nginx.conf has what the machine and the account give, and keys are not shown. Undefined where nothing
 * that runs can be read.
 */
async function nginxChanges({ look: { running, plan }, preview }: GatewayLook): Promise<ChangedLines | undefined> {
  if (typeof running !== 'object') return undefined
  const written = await preview.written(running.generation)
  const rendered = (await preview.render(plan.model, running.generation)).get('gateway.conf')
  return written === undefined || rendered === undefined ? undefined : changedLines(written, rendered)
}
