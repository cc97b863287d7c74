import { resolve } from 'node:path'
import { type ParsedConfig, parseConfig } from '../../core/config/parse-config.ts'
import type { Config } from '../../core/config/schema.ts'
import { MAX_TEXT_LENGTH } from '../../core/config/yaml-text.ts'
import type { Context } from '../../core/context.ts'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { readRegularText } from '../system/regular-file.ts'
import { runningUps } from './running-ups.ts'

export interface ConfigOptions {
  /** --config. */
  readonly config?: string
  /** The file argument of a command. */
  readonly configFile?: string | undefined
}

/** No configuration was found that this account may read. */
export class NoConfiguration extends UserError {}

export type LoadedConfig = { readonly file: string } & Extract<ParsedConfig, { config: Config }>

/**
 * The configuration of a command, and its file. Throws a UserError with every problem, or with the places that were searched.
 */
export async function loadConfig(options: ConfigOptions, context: Context): Promise<LoadedConfig> {
  const loaded = await readConfig(options, context)
  if (loaded.config === undefined) throw UserError.of(loaded.problems)
  return loaded
}

/** Like loadConfig; without any file, the configuration of the one running `sluice up` of this account. */
export async function loadRunningConfig(options: ConfigOptions, context: Context): Promise<LoadedConfig> {
  const found = await findText(options, context)
  if (found !== undefined) return loadConfig(options, context)
  const files = (await runningUps(context.env)).map(up => up.file)
  if (files.length > 1) {
    throw new UserError(
      `Cannot choose: ${files.length} \`sluice up\` of this account run here; name the configuration of one with --config: ${files.join(', ')}`,
    )
  }
  return loadConfig(files[0] === undefined ? options : { config: files[0] }, context)
}

/** Like loadConfig, but returns problems of the content. Throws a UserError when there is no file to read. */
export async function readConfig(options: ConfigOptions, context: Context): Promise<{ file: string } & ParsedConfig> {
  const found = await findText(options, context)
  if (found !== undefined) return { file: found.file, ...parseConfig(found.text, found.file) }
  throw new NoConfiguration(
    `Cannot find a configuration: there is no ${resolve(context.cwd, FILES[0])} and no ${FILES[1]}; ` +
      'name one with --config or $SLUICE_CONFIG, or write a first one with sluice init',
  )
}

/** Like loadConfig, but undefined when there is no file. */
export async function loadConfigIfAny(options: ConfigOptions, context: Context): Promise<LoadedConfig | undefined> {
  const found = await findText(options, context)
  if (found === undefined) return undefined
  const parsed = parseConfig(found.text, found.file)
  if (parsed.config === undefined) throw UserError.of(parsed.problems)
  return { file: found.file, ...parsed }
}

const FILES = ['sluice.yaml', '/etc/sluice/sluice.yaml'] as const

/** The named file, or the first that exists. A file that exists and cannot be read is an error, not skipped. */
async function findText(
  { config, configFile: named }: ConfigOptions,
  { env, cwd }: Context,
): Promise<{ file: string; text: string } | undefined> {
  const variable = env['SLUICE_CONFIG']
  if (named !== undefined) return { file: named, text: await namedText(named, 'the argument', cwd) }
  if (config !== undefined) return { file: config, text: await namedText(config, '--config', cwd) }
  if (variable) return { file: variable, text: await namedText(variable, '$SLUICE_CONFIG', cwd) }
  for (const file of FILES) {
    const text = await readText(file, cwd)
    if (text !== undefined) return { file, text }
  }
  return undefined
}

async function namedText(file: string, source: string, cwd: string): Promise<string> {
  const text = await readText(file, cwd)
  if (text === undefined) throw new UserError(`Cannot read ${file}: it does not exist; ${source} must name a file`)
  return text
}

/** Undefined when there is no such file. */
async function readText(file: string, cwd: string): Promise<string | undefined> {
  try {
    // Four bytes for each character at most, and one to detect a longer file.
    return await readRegularText(resolve(cwd, file), 4 * MAX_TEXT_LENGTH + 1)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const Refusal = code === 'EACCES' ? NoConfiguration : UserError
    throw new Refusal(`Cannot read ${file}: ${reason(code, error)}`, { cause: error })
  }
}

function reason(code: unknown, error: unknown): string {
  if (code === 'EACCES') return 'permission denied; let the account that runs Sluice read it'
  if (code === 'EISDIR') return 'it is a directory; name the file in it'
  return messageOf(error)
}
