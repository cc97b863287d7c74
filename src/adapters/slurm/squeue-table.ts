import type { Problem } from '../../core/domain/problem.ts'

/**
 * The argument of `squeue -O` that prints these columns untruncated, each followed by the mark. Every query has a new random mark,
 * so no job name or comment can contain it: `|`, line breaks and faked rows in them stay text.
 * `Field:suffix` without digits means full width (squeue(1) -O; _parse_long_token() of 22.05 to 26.05).
 */
export function tableFormat(columns: readonly string[], mark: string): string {
  return columns
    .map((column, index) => `${column}:${mark}${index === columns.length - 1 ? ROW_END : COLUMN_END}`)
    .join()
}

/** Rows with the right number of fields. Other rows are problems, and do not affect their neighbours. */
export function splitTable(text: string, columns: readonly string[], mark: string): Table {
  const pieces = text.split(`${mark}${ROW_END}\n`)
  const rest = pieces.pop()
  const rows = pieces.map(piece => piece.split(`${mark}${COLUMN_END}`))
  const problems = rows.flatMap((row, index) =>
    row.length === columns.length ? [] : [ragged(row, columns, index + 1)],
  )
  if (rest !== '')
    problems.push({ file: 'squeue', line: rows.length + 1, message: `Row without its end: ${shown(rest)}` })
  return { rows: rows.filter(row => row.length === columns.length), problems }
}

export interface Table {
  readonly rows: readonly (readonly string[])[]
  /** `line` counts rows. */
  readonly problems: readonly Problem[]
}

const COLUMN_END = '|'
const ROW_END = ';'

function ragged(row: readonly string[], columns: readonly string[], line: number): Problem {
  const message = `Row has ${row.length} columns, not ${columns.length}: ${shown(row.join(COLUMN_END))}`
  return { file: 'squeue', line, message }
}

/** Enough text to recognise a row. */
function shown(text: string | undefined): string {
  return JSON.stringify(text?.slice(0, 80))
}
