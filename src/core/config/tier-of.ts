import { UserError } from '../domain/user-error.ts'
import { quote, suggest } from './config-finding.ts'
import type { Config, TierConfig } from './schema.ts'

/** The tier of that name; throws a UserError that lists the tiers. */
export function tierOf(config: Config, name: string): TierConfig {
  const tier = Object.hasOwn(config.tiers, name) ? config.tiers[name] : undefined
  if (tier !== undefined) return tier
  const names = Object.keys(config.tiers)
  throw new UserError(`Cannot find tier ${quote(name)}: the tiers are ${names.join(', ')}; ${suggest(name, names)}`)
}
