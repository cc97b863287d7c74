/** What differs between two texts: the lines that only one of them has, in their order. */
export interface ChangedLines {
  readonly removed: number
  readonly added: number
  /** `- line` and `+ line`. */
  readonly lines: readonly string[]
}

/** Beyond so many comparisons, which take 16 MB, all that is between the ends that are equal counts as changed. */
const MOST_COMPARISONS = 4_000_000

export function changedLines(before: string, after: string): ChangedLines {
  const [old, young] = [before, after].map(text => text.split('\n'))
  const [removed, added] = withoutEqualEnds(old ?? [], young ?? [])
  const lines = isTooMuch(removed, added)
    ? [...removed.map(line => `- ${line}`), ...added.map(line => `+ ${line}`)]
    : compare(removed, added)
  const count = (sign: string) => lines.filter(line => line.startsWith(sign)).length
  return { removed: count('-'), added: count('+'), lines }
}

function isTooMuch(one: readonly string[], other: readonly string[]): boolean {
  return one.length * other.length > MOST_COMPARISONS
}

function withoutEqualEnds(one: readonly string[], other: readonly string[]): [string[], string[]] {
  const shorter = Math.min(one.length, other.length)
  let start = 0
  while (start < shorter && one[start] === other[start]) start += 1
  let end = 0
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1
  return [one.slice(start, one.length - end), other.slice(start, other.length - end)]
}

/** Along the longest common subsequence. */
function compare(one: readonly string[], other: readonly string[]): string[] {
  const width = other.length + 1
  /** Of what begins at these lines. */
  const lengths = new Uint32Array((one.length + 1) * width)
  const lengthAt = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = one.length - 1; i >= 0; i -= 1)
    for (let j = other.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] =
        one[i] === other[j] ? lengthAt(i + 1, j + 1) + 1 : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1))
  const lines: string[] = []
  let [i, j] = [0, 0]
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      i += 1
      j += 1
    } else if (i < one.length && lengthAt(i + 1, j) >= lengthAt(i, j + 1)) {
      lines.push(`- ${one[i]}`)
      i += 1
    } else {
      lines.push(`+ ${other[j]}`)
      j += 1
    }
  }
  return lines
}
