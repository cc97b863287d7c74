import type { Problem } from '../domain/problem.ts'
import type { ConfigFinding, Path } from './config-finding.ts'
import { withEngineDefaults } from './engine-defaults.ts'
import { ruleFindings } from './rule-findings.ts'
import { type Config, configSchema } from './schema.ts'
import { valueAt } from './schema-at.ts'
import { shapeFindings } from './shape-findings.ts'
import { validParts } from './valid-parts.ts'
import { readYaml } from './yaml-document.ts'
import { readTree, spotKey, type TextFinding, type Tree } from './yaml-tree.ts'

/** A configuration without problems, or the problems: at least one, sorted by line. */
export type ParsedConfig =
  | {
      readonly config: Config
      readonly problems: readonly []
      /** Findings added later, by checks that look at more than the text. */
      readonly locate: (finding: ConfigFinding) => Problem
    }
  | { readonly config?: never; readonly problems: readonly Problem[] }

/**
 * sluice.yaml → Config with its defaults, or every problem at once; `fileName` is used in the problems only. Never throws.
 *
 * 1. A file that is not text, and errors of YAML's syntax, are reported alone: the lines below them may have been read
 *    wrongly.
 * 2. Duplicate keys, aliases and tags; then each key and value; then the rules between them, for the parts that are well
 *    formed. None of these hides another.
 */
export function parseConfig(text: string, fileName: string): ParsedConfig {
  const { document, lines, targets, locate, problems: unreadable } = readYaml(text, fileName)
  if (document === undefined) return { problems: sorted(unreadable) }

  const tree = readTree(document, { lines, targets, keepsText: isEngineArgument })
  const problems = tree.findings.map(({ offset, message, fix }) => locate(offset, message, fix))
  for (const { offset, message, fix } of contentFindings(tree)) problems.push(locate(offset, message, fix))
  if (problems.length > 0) return { problems: sorted(problems) }
  return {
    config: configSchema.parse(withEngineDefaults(tree.value)),
    problems: [],
    locate: finding => locate(place(finding, tree.spots).own, finding.message, finding.fix),
  }
}

/** Flags keep the digits of the file: 0.90 stays 0.90. */
function isEngineArgument([top, , key, ...rest]: Path): boolean {
  if (top !== 'tiers' || key !== 'args') return false
  return rest.length === 1 || (rest.length === 2 && typeof rest[0] === 'number')
}

function contentFindings({ value, unread, spots }: Tree): TextFinding[] {
  const isRead = ({ path }: ConfigFinding) => !path.some((_, index) => unread.has(spotKey(path.slice(0, index + 1))))
  if (unread.has(spotKey([]))) return []
  const shapes = shapeFindings({ schema: configSchema, value, sourceAt: path => spots.get(spotKey(path))?.source })
  const rules = ruleFindings({
    config: validParts(configSchema, value) ?? {},
    has: path => valueAt(value, path) !== undefined,
  })
  const reported = new Set<string>()
  const placed = (finding: ConfigFinding, use: 'own' | 'via') => {
    const { own, via } = place(finding, spots)
    const key = `${own} ${finding.fix}`
    // A problem in an anchor is reported once, not for each alias.
    if (via !== undefined && reported.has(key)) return []
    if (via === undefined) reported.add(key)
    return [{ ...finding, offset: use === 'via' ? (via ?? own) : own }]
  }
  // A wrong value is reported where it is written, a conflict between keys where the value is used.
  return [
    ...shapes.filter(isRead).flatMap(finding => placed(finding, 'own')),
    ...rules.filter(isRead).flatMap(finding => placed(finding, 'via')),
  ]
}

/** A default stands nowhere in the file, so its problem is reported at the key above it. */
function place(
  { path, at }: Pick<ConfigFinding, 'path' | 'at'>,
  spots: Tree['spots'],
): { own: number; via: number | undefined } {
  const spot = spots.get(spotKey(path))
  if (spot === undefined && path.length > 0) return place({ path: path.slice(0, -1), at: 'key' }, spots)
  return { own: (at === 'key' ? spot?.key : undefined) ?? spot?.value ?? 0, via: spot?.via }
}

/** By line and column; problems of the whole file come first. */
function sorted(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}
