/** One entry of a tier's list of paths: plain segments, `{id}` for any one of them, `{model}` at the end for one or more. */
export const LISTED_PATH =
  /^(?!.*\.\.)\/(?:(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\{id\})(?:\/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\{id\}))*(?:\/\{model\})?|\{model\})?$/

/** Characters for a placeholder that need no escape in a request line, so the match can be sent unchanged. */
const SEGMENT = '[A-Za-z0-9_.:@+~-]+'

/** nginx reads words of at most 4096 bytes. */
const LONGEST = 2_000

/**
 * Patterns of nginx (PCRE) for the paths of a tier at `prefix`, which has no slash at its end. The first group of each is the path
 * for the engine. `\z` instead of `$`, because `$` also matches before a line break at the end.
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

/** The alphabets of tiers' paths and of the list have no other character with a meaning in PCRE. */
function escaped(path: string): string {
  return path.replaceAll('.', '\\.')
}
