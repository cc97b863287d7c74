import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { formatRoutes, parseRoutes, type RoutesFile } from '../domain/routes-file.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** Bytes; 2 000 ids take a tenth of it. */
const MAX_ROUTES_BYTES = 1024 * 1024

/** Replaces `routes/<gateway>.json`; a write that only moves the beat need not be flushed. */
export async function writeRoutes(shared: string, routes: RoutesFile, options: { flush: boolean }): Promise<void> {
  await writeAtomic(join(registryDirectories(shared).routes, `${routes.gateway}.json`), formatRoutes(routes), options)
}

/**
 * What every gateway says that its nginx reaches, by file name; undefined for a file that cannot be understood, which may
 * name anything. No file at all means that no gateway routes here.
 *
 * @throws when the directory cannot be read.
 */
export async function readRoutes(shared: string): Promise<ReadonlyMap<string, RoutesFile | undefined>> {
  const directory = registryDirectories(shared).routes
  const gateways = new Map<string, RoutesFile | undefined>()
  for (const name of await readdir(directory)) {
    if (name.startsWith('.') || !name.endsWith('.json')) continue
    const read = await readOwnFile(join(directory, name), MAX_ROUTES_BYTES)
    if (read === 'absent') continue
    gateways.set(name.slice(0, -'.json'.length), 'text' in read ? parseRoutes(read.text) : undefined)
  }
  return gateways
}
