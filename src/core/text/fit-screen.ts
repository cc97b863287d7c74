/**
 * Fits lines into a screen that is redrawn. A long line is cut, because it would move the lines below. If there are too many
 * lines, the last ones are left out and counted, because otherwise the first ones would scroll away.
 */
export function fitScreen(
  lines: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): readonly string[] {
  // The cursor stands below the last line.
  const room = Math.max(1, rows - 1)
  const kept = lines.length <= room ? lines : lines.slice(0, room - 1)
  const more = lines.length - kept.length
  return [
    ...kept,
    ...(more === 0 ? [] : [`… ${more} more lines: use a higher screen, or sluice status without --watch`]),
  ].map(line => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line))
}
