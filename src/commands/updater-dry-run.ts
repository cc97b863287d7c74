import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import type { Context } from '../core/context.ts'
import { type ChangedLines, changedLines } from '../core/text/changed-lines.ts'
import { changesOf, describeLook, outcomeOf } from '../programs/updater/describe-look.ts'
import { type GatewayLook, lookAtGateway } from './site/gateway-look.ts'

/** 1 and 2 are those of errors (docs/commands.md). */
const EXIT_CODES = { nothing: 0, something: 3, unknown: 4 } as const

/** `sluice updater --once --dry-run`: what one round would change, and why. */
export async function updaterDryRun(options: ConfigOptions, context: Context): Promise<void> {
  const gateway = await lookAtGateway(options, context)
  const { look, config, directory } = gateway
  const changes = changesOf(look, await nginxChanges(gateway))
  if (directory !== undefined) context.print(`Its state directory: ${directory}`)
  for (const line of describeLook(look, changes, config.gateway.name)) context.print(line)
  const code = EXIT_CODES[outcomeOf(changes)]
  if (code !== 0) context.endWith(code)
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
