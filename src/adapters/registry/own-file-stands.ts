import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import { type Endpoint, formatEndpoint, MAX_ENDPOINT_BYTES } from '../../core/domain/endpoint.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/**
 * - `stands`: the file is the published one.
 * - `gone`: there is none, or another text is in its place.
 * - `fenced`: as `gone`, and a later run of the same job has published its own file.
 */
export type OwnFileState = 'stands' | 'gone' | 'fenced'

/**
 * Checks whether `endpoints/<id>.json` is still the published one: one lstat while nothing has changed.
 *
 * @throws when that cannot be found out.
 */
export function createOwnFileLook(shared: string) {
  const { endpoints } = registryDirectories(shared)
  /** Marks of files that were read and found equal, by id. */
  const marks = new Map<string, string>()

  return async (endpoint: Endpoint): Promise<OwnFileState> => {
    const path = join(endpoints, `${endpoint.id}.json`)
    const found = await lstat(path).catch(absent)
    const mark = found && `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`
    const text = formatEndpoint(endpoint)
    if (mark !== undefined && marks.get(endpoint.id) === `${mark} ${text}`) return 'stands'
    const read = found === undefined ? undefined : readOwnFile(path, MAX_ENDPOINT_BYTES)
    if (read?.kind === 'text' && read.text === text) {
      marks.set(endpoint.id, `${mark} ${text}`)
      return 'stands'
    }
    return (await hasLaterRun(endpoint)) ? 'fenced' : 'gone'
  }

  async function hasLaterRun({ tier, job }: Endpoint): Promise<boolean> {
    const prefix = `${tier}-${job.id}-`
    const names = (await readdir(endpoints).catch(absent)) ?? []
    return names.some(name => name.startsWith(prefix) && Number.parseInt(name.slice(prefix.length), 10) > job.restarts)
  }
}

function absent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
