import { join } from 'node:path'
import { type Beat, parseBeat } from '../../core/domain/beat.ts'
import { ENDPOINT_FILE, type Endpoint, MAX_ENDPOINT_BYTES, parseEndpoint } from '../../core/domain/endpoint.ts'
import type { Problem } from '../../core/domain/problem.ts'
import { registryDirectories } from './directories.ts'
import { type DirectoryChanges, startDirectoryThread } from './directory-thread.ts'

/**
 * The result of a scan. A failed scan throws, and means nothing about endpoints ("unknown is not none", docs/design/rules.md).
 */
export interface Scan {
  /** Sorted by id; the same array as long as none has changed. */
  readonly endpoints: readonly Endpoint[]
  /** Each replica's beat, by replica; absent where none could be read. */
  readonly beats: ReadonlyMap<string, Beat>
  readonly problems: readonly Problem[]
}

/**
 * Follows the registry: the first scan reads all of it, each later one the changes. A bad file is a problem and never stops the
 * others ("whole files, one call in flight", docs/design/rules.md).
 */
export interface RegistryScanner {
  /**
   * `beats` false: the last ones are returned, and their directory is not read.
   *
   * @throws when a directory, or the filesystem under a file, cannot be read.
   */
  scan(options: { beats: boolean }): Promise<Scan>
  close(): Promise<void>
}

export function createRegistryScanner(shared: string): RegistryScanner {
  const { endpoints: directory, beats: beatsDirectory } = registryDirectories(shared)
  const thread = startDirectoryThread({
    endpoints: { path: directory, maxBytes: MAX_ENDPOINT_BYTES },
    beats: { path: beatsDirectory, maxBytes: MAX_ENDPOINT_BYTES },
  })
  const endpoints = new Map<string, Endpoint>()
  const problems = new Map<string, Problem>()
  const beats = new Map<string, Beat>()
  let sorted: readonly Endpoint[] = []

  return {
    async scan(options) {
      const changes = await thread.read(options.beats ? ['endpoints', 'beats'] : ['endpoints'])
      if (changes['endpoints'] !== undefined) takeEndpoints(changes['endpoints'])
      if (changes['beats'] !== undefined) takeBeats(changes['beats'])
      return { endpoints: sorted, beats, problems: [...problems.values()] }
    },
    close: () => thread.close(),
  }

  function takeEndpoints({ whole, changed, removed }: DirectoryChanges[string]): void {
    if (whole) for (const known of [endpoints, problems]) known.clear()
    if (!whole && changed.length + removed.length === 0) return
    for (const name of [...removed, ...changed.map(file => file.name)]) {
      endpoints.delete(name)
      problems.delete(name)
    }
    for (const file of changed) {
      const id = ENDPOINT_FILE.exec(file.name)?.[1]
      const path = join(directory, file.name)
      if (id === undefined) {
        const fix = 'must be tier-job-restarts-index.json'
        problems.set(file.name, { file: path, message: 'Not the name of an endpoint file', fix })
        continue
      }
      const parsed = 'problem' in file ? file : parseEndpoint(file.text, id)
      if ('problem' in parsed) problems.set(file.name, { file: path, message: parsed.problem })
      else endpoints.set(file.name, parsed.endpoint)
    }
    sorted = [...endpoints.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  function takeBeats({ whole, changed, removed }: DirectoryChanges[string]): void {
    if (whole) beats.clear()
    for (const name of removed) beats.delete(replicaOfFile(name))
    for (const file of changed) {
      const beat = 'text' in file ? parseBeat(file.text) : undefined
      // An unreadable beat counts as standing still, which only makes a suspect.
      if (beat !== undefined) beats.set(replicaOfFile(file.name), beat)
    }
  }
}

function replicaOfFile(name: string): string {
  return name.slice(0, -'.json'.length)
}
