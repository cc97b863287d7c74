import { dirname, join, resolve } from 'node:path'
import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { refuseMisfits } from '../adapters/model-files/misfits.ts'
import { writeAtomic } from '../adapters/system/atomic-file.ts'
import { makeDirectory } from '../adapters/system/make-directory.ts'
import { readRegularText } from '../adapters/system/regular-file.ts'
import { readTemplate } from '../adapters/system/templates.ts'
import { placeToWrite } from '../adapters/system/working-directory.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { codeOf } from '../core/domain/caught.ts'
import { JOB_TEMPLATE, renderJobScript, scriptName } from '../core/job-script/render-job-script.ts'
import { printText } from '../core/text/line-printer.ts'

export interface RenderOptions extends ConfigOptions {
  /** Directory for the scripts; without it they go to standard output. */
  readonly output?: string
  /** Print what would be written, write nothing. */
  readonly dryRun?: boolean
  /** Write nothing, and fail if a script on disk differs; without `output`, beside sluice.yaml. */
  readonly check?: boolean
}

/**
 * `sluice render [tier…]`: the job scripts of these tiers, or of all. An equal file is not touched. Throws a UserError for an
 * unknown tier and for a model that does not fit its settings, and an Error (exit code 1) when --check finds a difference.
 */
export async function render(tiers: readonly string[], options: RenderOptions, context: Context): Promise<void> {
  const loaded = await loadConfig(options, context)
  const { file, config } = loaded
  const names = tiers.length === 0 ? Object.keys(config.tiers) : [...new Set(tiers)]
  const scripts = await renderScripts(config, names)
  await refuseMisfits(names, loaded)
  if (options.check) return check(scripts, options.output ?? dirname(file), context)
  if (options.output !== undefined) return write(scripts, options.output, options.dryRun ?? false, context)
  for (const [index, { tier, name, text }] of scripts.entries()) {
    // Like head(1) with several files.
    if (scripts.length > 1) printText(context.print, `${index > 0 ? '\n' : ''}==> ${name} (${tier}) <==`)
    printText(context.print, text.trimEnd())
  }
}

interface Script {
  readonly tier: string
  readonly name: string
  readonly text: string
}

async function renderScripts(config: Config, tiers: readonly string[]): Promise<readonly Script[]> {
  const template = await readTemplate(JOB_TEMPLATE)
  return tiers.map(tier => ({
    tier,
    name: scriptName(config, tier),
    text: renderJobScript(config, tier, template),
  }))
}

async function write(
  scripts: readonly Script[],
  directory: string,
  isDryRun: boolean,
  context: Context,
): Promise<void> {
  for (const { tier, name, text } of scripts) {
    const shown = join(directory, name)
    const path = placeToWrite(shown, context.cwd)
    if ((await textOf(path)) === text) {
      context.print(`${shown} is up to date (${tier})`)
    } else if (isDryRun) {
      context.print(`Would write ${shown} (${tier})`)
    } else {
      await makeDirectory(dirname(path))
      await writeAtomic(path, text)
      context.print(`Wrote ${shown} (${tier})`)
    }
  }
}

async function check(scripts: readonly Script[], directory: string, context: Context): Promise<void> {
  const found = await Promise.all(scripts.map(({ name }) => textOf(resolve(context.cwd, directory, name))))
  const faults = scripts.flatMap(({ tier, name, text }, index) => {
    if (found[index] === text) return []
    return [`${join(directory, name)} ${found[index] === undefined ? 'is missing' : 'differs'} (${tier})`]
  })
  if (faults.length > 0) {
    throw new Error(
      `Cannot confirm the job scripts: ${faults.join(', ')}; render them again with sluice render --output ${directory}`,
    )
  }
  context.print(`${directory}: ${scripts.map(({ name }) => name).join(', ')} up to date`)
}

/** Longer than every script of ours, so a longer file differs. */
const MOST_BYTES = 2 ** 24

/** Undefined when there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readRegularText(path, MOST_BYTES)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
