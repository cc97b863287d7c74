import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseBeat } from '../domain/beat.ts'
import { ENDPOINT_FILE, type Endpoint, MAX_ENDPOINT_BYTES, parseEndpoint, replicaOf } from '../domain/endpoint.ts'
import type { Problem } from '../domain/problem.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** What a scan found; a scan that failed is an exception and says nothing (rule 1). */
export interface Scan {
  /** Sorted by id. */
  readonly endpoints: readonly Endpoint[]
  /** The counter in each replica's beat file, by replica; absent where none could be read. */
  readonly beats: ReadonlyMap<string, number>
  readonly problems: readonly Problem[]
}

/**
 * Reads the whole registry: opendir and open, which network filesystems answer truthfully (rule 7). One bad file is a
 * problem and never stops the others (rule 8).
 *
 * @throws when the directory, or the filesystem under a file, cannot be read.
 */
export async function scanRegistry(shared: string): Promise<Scan> {
  const { endpoints: directory, beats: beatsDirectory } = registryDirectories(shared)
  const endpoints: Endpoint[] = []
  const problems: Problem[] = []
  for (const name of (await readdir(directory)).sort()) {
    if (name.startsWith('.')) continue // a file being written, or a network filesystem's own
    const file = join(directory, name)
    const id = ENDPOINT_FILE.exec(name)?.[1]
    if (id === undefined) {
      problems.push({ file, message: 'Not the name of an endpoint file', fix: 'must be tier-job-restarts-index.json' })
      continue
    }
    const read = await readOwnFile(file, MAX_ENDPOINT_BYTES)
    if (read === 'absent') continue // removed between the two calls
    const parsed = 'problem' in read ? read : parseEndpoint(read.text, id)
    if ('problem' in parsed) problems.push({ file, message: parsed.problem })
    else endpoints.push(parsed.endpoint)
  }
  const beats = await readBeats(beatsDirectory, new Set(endpoints.map(endpoint => replicaOf(endpoint.id))))
  return { endpoints, beats, problems }
}

async function readBeats(directory: string, replicas: ReadonlySet<string>): Promise<Map<string, number>> {
  const beats = new Map<string, number>()
  for (const replica of replicas) {
    const read = await readOwnFile(join(directory, `${replica}.json`), MAX_ENDPOINT_BYTES)
    const beat = read !== 'absent' && 'text' in read ? parseBeat(read.text)?.beat : undefined
    if (beat !== undefined) beats.set(replica, beat)
  }
  return beats
}
