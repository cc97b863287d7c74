import { type ConfigOptions, readConfig } from '../adapters/config-file/load-config.ts'
import { findMisfits } from '../adapters/model-files/misfits.ts'
import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import { printJson } from '../core/text/line-printer.ts'

export interface ConfigCheckOptions extends ConfigOptions {
  readonly json?: boolean
}

/**
 * `sluice config check [FILE]`: one line when all is well, else a UserError with every problem: those of the file, and what
 * `render` and `submit` would refuse where this machine sees the models.
 */
export async function configCheck(options: ConfigCheckOptions, context: Context): Promise<void> {
  if (options.configFile !== undefined && options.config !== undefined)
    throw new UserError(`Cannot check ${options.configFile} and ${options.config} at once: name one file`)
  const { file, ...parsed } = await readConfig(options, context)
  const names = Object.keys(parsed.config?.tiers ?? {})
  const problems = parsed.config === undefined ? parsed.problems : await findMisfits(names, parsed)
  const ok = problems.length === 0
  if (options.json) printJson(context.print, { file, ok, problems })
  if (!ok)
    throw options.json
      ? new UserError(`Cannot use ${file}: ${counted(problems.length, 'problem')}`)
      : UserError.of(problems)
  if (!options.json) context.print(`${file}: ok (${counted(names.length, 'tier')}: ${names.join(', ')})`)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
