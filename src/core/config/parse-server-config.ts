import type { Problem } from '../domain/problem.ts'
import type { ServerConfig } from '../domain/server-options.ts'
import type { Path } from './config-finding.ts'
import { readServerConfig } from './server-options.ts'
import { readYaml } from './yaml-document.ts'
import { readTree, spotKey } from './yaml-tree.ts'

/** The options of a server in a file of their own, or every problem with its line: at least one. Never throws. */
export function parseServerConfig(
  text: string,
  fileName: string,
):
  | { readonly config: ServerConfig; readonly problems: readonly [] }
  | { readonly config?: never; readonly problems: readonly Problem[] } {
  const { document, lines, targets, locate, problems: unreadable } = readYaml(text, fileName, 'write backend and model')
  if (document === undefined) return { problems: unreadable }
  const { value, spots, findings: strays } = readTree(document, { lines, targets, keepsText: isText })
  if (strays.length > 0) return { problems: strays.map(({ offset, message, fix }) => locate(offset, message, fix)) }
  const { config, findings } = readServerConfig(value, {
    spelling: 'snake_case',
    sourceAt: path => spots.get(spotKey(path))?.source,
  })
  if (config !== undefined) return { config, problems: [] }
  const offsetOf = (path: Path, at: 'key' | 'value'): number => {
    const spot = spots.get(spotKey(path))
    if (spot === undefined) return path.length === 0 ? 0 : offsetOf(path.slice(0, -1), 'key')
    return (at === 'key' ? spot.key : undefined) ?? spot.value
  }
  const problems = findings.map(({ path, at, message, fix }) => locate(offsetOf(path, at), message, fix))
  return { problems: problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)) }
}

/** Arguments and variables keep the digits of the file: 0.90 stays 0.90. */
function isText([top, key, ...rest]: Path): boolean {
  if (/^env_?vars$/i.test(String(top))) return true
  return (
    top === 'config' && key !== undefined && (rest.length === 1 || (rest.length === 2 && typeof rest[0] === 'number'))
  )
}
