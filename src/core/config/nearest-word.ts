/** The word that `text` probably means, or undefined when none is near. Case, dashes and underscores are ignored. */
export function nearestWord(text: string, words: readonly string[]): string | undefined {
  const bare = strip(text)
  const near = words
    .map(word => ({ word, distance: editDistance(bare, strip(word)) }))
    .filter(({ word, distance }) => distance <= Math.max(1, Math.floor(word.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.word
}

function strip(text: string): string[] {
  // A typo is never longer, and the time of the distance grows with the product of both lengths.
  return [...text.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, '')]
}

/** Insertions, deletions, replacements, and neighbours in the wrong order (optimal string alignment). */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let before: readonly number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.entries()) {
    const next = [i + 1]
    for (const [j, other] of b.entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      const swaps = i > 0 && j > 0 && letter === b[j - 1] && a[i - 1] === other
      const swapped = swaps ? (before[j - 1] ?? 0) + 1 : replaced
      next.push(Math.min(replaced, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}
