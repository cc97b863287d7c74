/** One entry of a tier's list of paths: plain segments, `{id}` for any one of them, `{model}` at the end for one or more. */
export const LISTED_PATH =
  /^(?!.*\.\.)\/(?:(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\{id\})(?:\/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\{id\}))*(?:\/\{model\})?|\{model\})?$/

/** What stands for a placeholder needs no escape in a request line: what was matched can be sent as it is. */
const SEGMENT = '[A-Za-z0-9_.:@+~-]+'

/** nginx reads words of 4096 bytes and no more. */
const LONGEST = 2_000

/**
 * Patterns of nginx (PCRE) for the paths of a tier that stands at `prefix`, which has no slash at its end: each has what the engine
 * is asked for as its first group. `\z` and not `$`, which also matches before a line break at the end.
 */
export function pathPatterns(prefix: string, paths: readonly string[]): string[] {
  const groups: string[][] = []
  let length = 0
  for (const path of paths) {
    const pattern = patternOf(path)
    if (groups.length === 0 || length + pattern.length > LONGEST) {
      groups.push([])
      length = 0
    }
    groups.at(-1)?.push(pattern)
    length += pattern.length + 1
  }
  return groups.map(group => `~^${escaped(prefix)}(/(?:${group.join('|')}))\\z`)
}

function patternOf(path: string): string {
  return escaped(path.slice(1)).replaceAll('{id}', SEGMENT).replace('{model}', `${SEGMENT}(?:/${SEGMENT})*`)
}

/** The alphabets of tiers' paths and of the list have no other letter that PCRE reads. */
function escaped(path: string): string {
  return path.replaceAll('.', '\\.')
}
