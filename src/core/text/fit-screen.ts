/**
 * Lines as they fit a screen that is redrawn: a line that is too long is cut, or it would move the ones below; where they are
 * too many, those at the end are left out and counted, or the first ones would scroll away.
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
    ...(more === 0 ? [] : [`… ${more} more lines: a higher screen, or sluice status without --watch`]),
  ].map(line => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line))
}
