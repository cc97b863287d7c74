import type { JobView } from '../../core/domain/job-view.ts'
import type { Problem } from '../../core/domain/problem.ts'
import { toJobState } from './job-state.ts'
import { splitTable, tableFormat } from './squeue-table.ts'
import { type Reading, readCount, readDuration, readEpoch, readExitCode, readWord } from './squeue-values.ts'

/** squeue(1) -O names that mean the same from Slurm 22.05 to 26.05. */
const COLUMNS = [
  ...['JobID', 'State', 'Reason', 'RestartCnt', 'PreemptTime', 'exit_code', 'StartTime', 'EndTime'],
  ...['SubmitTime', 'EligibleTime'],
  ...['TimeLimit', 'TimeUsed', 'BatchHost', 'NodeList', 'UserName', 'Comment', 'Name'],
] as const

export interface JobList {
  readonly jobs: readonly JobView[]
  /**
   * With a problem, a job that is missing from `jobs` does not count as gone ("unknown is not none", docs/design/rules.md).
   */
  readonly problems: readonly Problem[]
}

/** The value of `squeue -O` whose output parseJobs reads, with the same mark. */
export function jobFormat(mark: string): string {
  return tableFormat(COLUMNS, mark)
}

/**
 * squeue's rows as jobs. A row with a legible id and a column that we cannot read is a job in state unknown, and a
 * problem that names the column.
 */
export function parseJobs(text: string, mark: string): JobList {
  const { rows, problems } = splitTable(text, COLUMNS, mark)
  const readings = rows.map(parseRow)
  return {
    jobs: readings.flatMap(({ job }) => (job === undefined ? [] : [job])),
    problems: [...problems, ...readings.flatMap(reading => reading.problems)],
  }
}

function parseRow(row: readonly string[]): { job?: JobView; problems: readonly Problem[] } {
  const cell = (column: Column) => row[COLUMNS.indexOf(column)] ?? ''
  const problems: Problem[] = []
  const read = <T>(column: Column, reader: (text: string) => Reading<T>): T | undefined => {
    const reading = reader(cell(column))
    if (reading === undefined) problems.push(unreadable(column, cell('JobID'), cell(column)))
    return reading?.value
  }
  const id = readCount(cell('JobID'))
  if (id === undefined) return { problems: [unreadable('JobID', '?', cell('JobID'))] }

  const timeLimitSeconds = read('TimeLimit', readDuration)
  const runTimeSeconds = read('TimeUsed', readDuration)
  const known = timeLimitSeconds !== undefined && runTimeSeconds !== undefined
  const view = {
    id: cell('JobID'),
    stateText: cell('State'),
    reason: cell('Reason'),
    restarts: read('RestartCnt', readCount) ?? 0,
    nodeList: cell('NodeList'),
    name: cell('Name'),
    ...present({
      preemptTime: read('PreemptTime', readEpoch),
      submitTime: read('SubmitTime', readEpoch),
      eligibleTime: read('EligibleTime', readEpoch),
      startTime: read('StartTime', readEpoch),
      endTime: read('EndTime', readEpoch),
      batchHost: read('BatchHost', readWord),
      user: read('UserName', readWord),
      comment: read('Comment', readWord),
      exitCode: read('exit_code', readExitCode),
      timeLimitSeconds,
      runTimeSeconds,
      remainingSeconds: known ? timeLimitSeconds - runTimeSeconds : undefined,
    }),
  }
  return { job: { ...view, state: problems.length > 0 ? 'unknown' : toJobState(view.stateText) }, problems }
}

type Column = (typeof COLUMNS)[number]

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Only the fields that have a value: jobs that are equal compare equal. */
function present<T extends Record<string, unknown>>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>
}

function unreadable(column: Column, job: string, found: string): Problem {
  return { file: 'squeue', message: `Job ${job} has an unreadable ${column}: ${JSON.stringify(found.slice(0, 80))}` }
}
