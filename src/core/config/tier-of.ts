import { cannotFind } from '../domain/resolve-name.ts'
import type { Config, TierConfig } from './schema.ts'

/** The tier of that name; throws a UserError that lists the tiers. */
export function tierOf(config: Config, name: string): TierConfig {
  const tier = Object.hasOwn(config.tiers, name) ? config.tiers[name] : undefined
  if (tier === undefined) throw cannotFind({ what: 'tier', name, words: Object.keys(config.tiers) })
  return tier
}
