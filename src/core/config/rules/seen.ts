import type { Finding, Path } from '../finding.ts'
import type { Config } from '../schema.ts'
import type { WellFormed } from '../well-formed.ts'

/** What a rule between keys may look at. */
export interface Seen {
  /** Undefined parts are missing or wrong by themselves, which is told elsewhere. */
  readonly config: WellFormed<Config>
  /** Something stands there, well formed or not. */
  has(path: Path): boolean
}

export type Rule = (seen: Seen) => Finding[]

export type SeenTier = NonNullable<NonNullable<Seen['config']['tiers']>[string]>

/** The tiers that are maps, in the order of the file. */
export function seenTiers(seen: Seen): readonly (readonly [name: string, tier: SeenTier])[] {
  return Object.entries(seen.config.tiers ?? {}).flatMap(([name, tier]) => (tier === undefined ? [] : [[name, tier]]))
}
