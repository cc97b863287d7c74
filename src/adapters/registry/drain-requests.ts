import { join } from 'node:path'
import { type DrainRequest, formatDrainRequest, parseDrainRequest } from '../../core/domain/drain-request.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** Bytes; a request takes a twentieth of it. */
const MAX_REQUEST_BYTES = 4 * 1024

/** Writes `requests/<replica>.json`; the last request counts. */
export async function writeDrainRequest(shared: string, replica: string, request: DrainRequest): Promise<void> {
  await writeAtomic(drainRequestFile(shared, replica), formatDrainRequest(replica, request))
}

/**
 * The request to this replica, or undefined if there is none.
 *
 * @throws when the file is not a request of our account to this replica ("nothing unvalidated reaches nginx",
 * docs/design/rules.md), or the filesystem fails.
 */
export function readDrainRequest(shared: string, replica: string): DrainRequest | undefined {
  const file = drainRequestFile(shared, replica)
  const read = readOwnFile(file, MAX_REQUEST_BYTES)
  if (read.kind === 'absent') return undefined
  const request = read.kind === 'text' ? parseDrainRequest(read.text, replica) : undefined
  if (request !== undefined) return request
  throw new Error(
    `Cannot use the drain request "${file}": ${read.kind === 'problem' ? read.problem : 'Not a request to this replica'}`,
  )
}

export function drainRequestFile(shared: string, replica: string): string {
  return join(registryDirectories(shared).requests, `${replica}.json`)
}
