import { UserError } from '../../core/domain/user-error.ts'

/** The value of --within. @throws UserError, which begins with what the command cannot do. */
export function withinSecondsOf(text: string, verb: 'drain' | 'stop'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 86_400) return Number(text)
  throw new UserError(`Cannot ${verb} within "${text}": --within takes whole seconds, at most 86400`)
}
