import { listed, quote } from '../config/config-finding.ts'
import { UserError } from './user-error.ts'

/** From the fewest lines to the most. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** How much a program prints. The shared directory gets every event at each level. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The environment variable with the level of a program and of its children. */
export const LOG_LEVEL_VARIABLE = 'SLUICE_LOG_LEVEL'

/**
 * An error needs a person, a warning may become an error, and the other events are `info`. The end of a trouble has the level of
 * its beginning, so that a reader sees both.
 */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  ...Object.fromEntries(
    ['trouble', 'recovered', 'bad file', 'cannot', 'failed', 'engine exited', 'engine unfit', 'model failed'].map(
      event => [event, 'error' as const],
    ),
  ),
  ...Object.fromEntries(
    [
      ...['tier down', 'tier up', 'engine unwell', 'well again', 'set aside', 'on trial', 'taken back'],
      ...['held', 'left to Slurm', 'streams ended', 'events dropped', 'ear ended', 'resting', 'drain held'],
    ].map(event => [event, 'warn' as const]),
  ),
}

/** Whether a program that prints this level prints this event. */
export function isPrinted(event: string, level: LogLevel): boolean {
  const own = (Object.hasOwn(LEVELS, event) ? LEVELS[event] : undefined) ?? 'info'
  return LOG_LEVELS.indexOf(own) <= LOG_LEVELS.indexOf(level)
}

/**
 * The level of a program: `--log-level`, else the environment, else the configuration, else `info`.
 *
 * @throws UserError for a word that is not a level
 */
export function logLevelOf(given: {
  readonly option?: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly config?: LogLevel | undefined
}): LogLevel {
  const { option, env, config = 'info' } = given
  if (option !== undefined) return levelOf(option, '--log-level')
  const variable = env[LOG_LEVEL_VARIABLE]
  return variable ? levelOf(variable, `$${LOG_LEVEL_VARIABLE}`) : config
}

/**
 * As `logLevelOf`, but a word in the environment that is not a level means `info` and is a trouble: no replica ends for a word in its
 * job's `setup`.
 *
 * @throws UserError for such a word in the option
 */
export function logLevelInJob(given: { readonly option?: string | undefined; readonly env: NodeJS.ProcessEnv }): {
  readonly level: LogLevel
  readonly trouble?: string
} {
  try {
    return { level: logLevelOf(given) }
  } catch (error) {
    if (given.option !== undefined || !(error instanceof UserError)) throw error
    return { level: 'info', trouble: `${error.message}; it is "info" here` }
  }
}

function levelOf(word: string, source: string): LogLevel {
  const level = LOG_LEVELS.find(one => one === word)
  if (level === undefined) throw new UserError(`Cannot use ${source}: ${quote(word)}; choose ${listed(LOG_LEVELS)}`)
  return level
}
