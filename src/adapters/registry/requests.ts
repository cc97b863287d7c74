import { join } from 'node:path'
import { type Dismissal, formatDismissal, parseDismissal } from '../../core/domain/dismissal.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** Bytes; a request takes a twentieth of it. */
const MAX_REQUEST_BYTES = 4 * 1024

/** Writes `requests/<replica>.json`; the last one that asks is heard. */
export async function writeDismissal(shared: string, replica: string, dismissal: Dismissal): Promise<void> {
  await writeAtomic(requestFile(shared, replica), formatDismissal(replica, dismissal))
}

/**
 * What was asked of this replica, or undefined when nothing was.
 *
 * @throws when there is a file that is not a request of ours to this replica ("nothing unvalidated reaches nginx",
 * docs/design/rules.md), or the filesystem fails.
 */
export function readDismissal(shared: string, replica: string): Dismissal | undefined {
  const file = requestFile(shared, replica)
  const read = readOwnFile(file, MAX_REQUEST_BYTES)
  if (read.kind === 'absent') return undefined
  const dismissal = read.kind === 'text' ? parseDismissal(read.text, replica) : undefined
  if (dismissal !== undefined) return dismissal
  throw new Error(`Cannot obey "${file}": ${read.kind === 'problem' ? read.problem : 'Not a request to this replica'}`)
}

export function requestFile(shared: string, replica: string): string {
  return join(registryDirectories(shared).requests, `${replica}.json`)
}
