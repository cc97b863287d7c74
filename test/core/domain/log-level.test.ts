import { expect, it } from 'vitest'
import { isPrinted, LOG_LEVELS, logLevelInJob, logLevelOf } from '../../../src/core/domain/log-level.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'

it.each([
  ['trouble', ['error', 'warn', 'info', 'debug']],
  ['recovered', ['error', 'warn', 'info', 'debug']],
  ['tier down', ['warn', 'info', 'debug']],
  ['routes changed', ['info', 'debug']],
  ['constructor', ['info', 'debug']],
])('%s is printed at the levels %j', (event, levels) => {
  expect(LOG_LEVELS.filter(level => isPrinted(event, level))).toEqual(levels)
})

it.each([
  [{ option: 'error', env: { SLUICE_LOG_LEVEL: 'debug' }, config: 'warn' }, 'error'],
  [{ env: { SLUICE_LOG_LEVEL: 'debug' }, config: 'warn' }, 'debug'],
  [{ env: { SLUICE_LOG_LEVEL: '' }, config: 'warn' }, 'warn'],
  [{ env: {} }, 'info'],
] as const)('of %j the level is %s', (given, level) => {
  expect(logLevelOf(given)).toBe(level)
})

it.each([
  [{ option: 'loud', env: {} }, 'Cannot use --log-level: "loud"; choose "error", "warn", "info" or "debug"'],
  [
    { env: { SLUICE_LOG_LEVEL: 'INFO' } },
    'Cannot use $SLUICE_LOG_LEVEL: "INFO"; choose "error", "warn", "info" or "debug"',
  ],
])('refuses %j with the list of the levels', (given, message) => {
  expect(() => logLevelOf(given)).toThrow(new UserError(message))
})

it('does not end a job for a word in its environment, but reports it', () => {
  const env = { SLUICE_LOG_LEVEL: 'verbose' }
  expect(logLevelInJob({ env })).toEqual({
    level: 'info',
    trouble: 'Cannot use $SLUICE_LOG_LEVEL: "verbose"; choose "error", "warn", "info" or "debug"; it is "info" here',
  })
  expect(logLevelInJob({ option: 'warn', env })).toEqual({ level: 'warn' })
  expect(() => logLevelInJob({ option: 'loud', env })).toThrow(UserError)
})
