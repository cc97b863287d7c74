import { CUSTOM_PLACEHOLDERS } from '../../engines/custom.ts'
import { badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { nearestWord } from '../nearest-word.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/** The placeholders in a custom engine's arguments are known, and each has a value. */
export const placeholderRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    if (tier.engine !== 'custom') return []
    const hasModel = input.has(['tiers', name, 'model'])
    return (tier.custom?.args ?? []).flatMap((word, index) =>
      wordFindings(String(word ?? ''), { path: ['tiers', name, 'custom', 'args', index], hasModel, allow: tier.allow }),
    )
  })

interface Place {
  readonly path: Path
  readonly hasModel: boolean
  readonly allow: RuleTier['allow']
}

function wordFindings(word: string, { path, hasModel, allow }: Place): ConfigFinding[] {
  const names = new Set([...word.matchAll(PLACEHOLDER)].map(([, name = '']) => name))
  return [...names].flatMap(name => {
    if (CUSTOM_PLACEHOLDERS.some(known => known === name)) {
      const isEmpty = !hasModel && (name === 'model' || name === 'name')
      const fix = 'add model: { name, file }, or leave it out'
      return isEmpty ? [badValue(path, `{${name}} of a tier without a model would be empty`, fix)] : []
    }
    if (allow?.includes('braces-of-its-own') === true) return []
    const near = nearestWord(name, CUSTOM_PLACEHOLDERS)
    const all = CUSTOM_PLACEHOLDERS.map(one => `{${one}}`).join(', ')
    const meant = near === undefined ? `Sluice fills in ${all}` : `did you mean {${near}}`
    return [
      badValue(
        path,
        `${quote(`{${name}}`)} would reach the program unchanged`,
        `${meant}; if the program itself reads it, write allow: [braces-of-its-own] in the tier`,
      ),
    ]
  })
}

/** One word in single braces. JSON and templates have other text between braces, or more braces. */
const PLACEHOLDER = /(?<![{$])\{([A-Za-z_]\w*)\}(?!\})/g
