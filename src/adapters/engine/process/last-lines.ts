import { sinceLastStart } from '../../../core/domain/engine-log.ts'
import { printable } from '../../../core/text/printable-text.ts'
import { readTail } from '../../system/file-tail.ts'

const LAST_LINES = 12

/** The last lines of an engine since its start, printable and redacted. */
export async function readLastLines(logFile: string): Promise<string> {
  return printable(sinceLastStart((await readTail(logFile, LAST_LINES)).split('\n')).join('\n'))
}
