import { sinceLastStart } from '../domain/engine-log.ts'
import { readTail } from '../system/file-tail.ts'

const LAST_LINES = 12

/** What an engine printed last, since it was started. */
export async function readLastLines(logFile: string): Promise<string> {
  return sinceLastStart((await readTail(logFile, LAST_LINES)).split('\n')).join('\n')
}
