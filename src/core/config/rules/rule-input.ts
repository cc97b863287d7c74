import type { ConfigFinding, Path } from '../config-finding.ts'
import type { Config } from '../schema.ts'
import type { ValidParts } from '../valid-parts.ts'

/** What a rule between keys may look at. */
export interface RuleInput {
  /** Undefined parts are missing or wrong by themselves, which is told elsewhere. */
  readonly config: ValidParts<Config>
  /** Something stands there, well formed or not. */
  has(path: Path): boolean
}

export type Rule = (input: RuleInput) => ConfigFinding[]

export type RuleTier = NonNullable<NonNullable<RuleInput['config']['tiers']>[string]>

/** The tiers that are maps, in the order of the file. */
export function ruleTiers(input: RuleInput): readonly (readonly [name: string, tier: RuleTier])[] {
  return Object.entries(input.config.tiers ?? {}).flatMap(([name, tier]) => (tier === undefined ? [] : [[name, tier]]))
}
