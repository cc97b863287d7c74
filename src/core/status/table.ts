/** Rows as lines whose columns stand under each other, two spaces apart; columns in which every cell is empty are left out. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const shown = head.map((_, column) => column).filter(column => rows.some(row => (row[column] ?? '') !== ''))
  const widths = shown.map(column => Math.max(...[head, ...rows].map(row => (row[column] ?? '').length)))
  return [head, ...rows].map(row =>
    shown
      .map((column, index) => (row[column] ?? '').padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
