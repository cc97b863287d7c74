import type { ConfigFinding, Path } from '../config-finding.ts'
import type { Config } from '../schema.ts'
import type { ValidParts } from '../valid-parts.ts'

/** The input of a rule between keys. */
export interface RuleInput {
  /** Undefined parts are missing, or wrong by themselves and reported elsewhere. */
  readonly config: ValidParts<Config>
  /** Whether the key is present, well formed or not. */
  has(path: Path): boolean
}

export type Rule = (input: RuleInput) => ConfigFinding[]

export type RuleTier = NonNullable<NonNullable<RuleInput['config']['tiers']>[string]>

/** The tiers that are maps, in the order of the file. */
export function ruleTiers(input: RuleInput): readonly (readonly [name: string, tier: RuleTier])[] {
  return Object.entries(input.config.tiers ?? {}).flatMap(([name, tier]) => (tier === undefined ? [] : [[name, tier]]))
}
