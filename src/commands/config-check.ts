import { type ConfigOptions, readConfig } from '../adapters/config-file/load-config.ts'
import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import { printJson } from '../core/text/line-printer.ts'

export interface ConfigCheckOptions extends ConfigOptions {
  readonly json?: boolean
}

/** `sluice config check [FILE]`: one line when the file is valid, else a UserError with every problem. */
export async function configCheck(options: ConfigCheckOptions, context: Context): Promise<void> {
  if (options.configFile !== undefined && options.config !== undefined)
    throw new UserError(`Cannot check ${options.configFile} and ${options.config} at once: name one file`)
  const { file, config, problems } = await readConfig(options, context)
  const ok = config !== undefined
  if (options.json) printJson(context.print, { file, ok, problems })
  if (!ok)
    throw options.json
      ? new UserError(`Cannot use ${file}: ${counted(problems.length, 'problem')}`)
      : UserError.of(problems)
  const names = Object.keys(config.tiers)
  if (!options.json) context.print(`${file}: ok (${counted(names.length, 'tier')}: ${names.join(', ')})`)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
