import { join } from 'node:path'
import { formatRequest, parseRequest, type ReplicaRequest } from '../../core/domain/replica-request.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** Bytes; a request takes a twentieth of it. */
const MAX_REQUEST_BYTES = 4 * 1024

/** Writes `requests/<replica>.json`; the last one that asks is heard. */
export async function writeRequest(shared: string, replica: string, request: ReplicaRequest): Promise<void> {
  await writeAtomic(requestFile(shared, replica), formatRequest(replica, request))
}

/**
 * What was asked of this replica, or undefined when nothing was.
 *
 * @throws when there is a file that is not a request of ours to this replica ("nothing unvalidated reaches nginx",
 * docs/design/rules.md) or asks for what is not known here, or the filesystem fails.
 */
export function readRequest(shared: string, replica: string): ReplicaRequest | undefined {
  const file = requestFile(shared, replica)
  const read = readOwnFile(file, MAX_REQUEST_BYTES)
  if (read.kind === 'absent') return undefined
  const parsed = read.kind === 'text' ? parseRequest(read.text, replica) : undefined
  if (parsed !== undefined && 'request' in parsed) return parsed.request
  const problem = parsed?.problem ?? (read.kind === 'problem' ? read.problem : 'Not a request to this replica')
  throw new Error(`Cannot use the request "${file}": ${problem}`)
}

export function requestFile(shared: string, replica: string): string {
  return join(registryDirectories(shared).requests, `${replica}.json`)
}
