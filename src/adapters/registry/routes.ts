import { join } from 'node:path'
import { formatRoutes, type GatewayRoutes, parseRoutes, type RoutesFile } from '../../core/domain/routes-file.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { startDirectoryThread } from './directory-thread.ts'

/** Bytes; 2 000 ids take a tenth of it. */
const MAX_ROUTES_BYTES = 1024 * 1024

/** Replaces `routes/<gateway>.json`; a write that only moves the beat need not be flushed. */
export async function writeRoutes(shared: string, routes: RoutesFile, options: { flush: boolean }): Promise<void> {
  await writeAtomic(join(registryDirectories(shared).routes, `${routes.gateway}.json`), formatRoutes(routes), options)
}

/** Follows the routes files of every gateway. */
export interface RoutesReader {
  /**
   * By gateway. A file that cannot be understood may name any endpoint. Without a file no gateway routes here.
   *
   * @throws when the directory cannot be read.
   */
  read(): Promise<ReadonlyMap<string, GatewayRoutes>>
  close(): Promise<void>
}

export function createRoutesReader(shared: string): RoutesReader {
  const thread = startDirectoryThread({
    routes: { path: registryDirectories(shared).routes, maxBytes: MAX_ROUTES_BYTES },
  })
  const gateways = new Map<string, GatewayRoutes>()
  return {
    async read() {
      const { routes } = await thread.read(['routes'])
      if (routes === undefined) return gateways
      const { whole, changed, removed } = routes
      if (whole) gateways.clear()
      for (const name of removed.filter(isRoutes)) gateways.delete(gatewayOf(name))
      for (const file of changed.filter(file => isRoutes(file.name))) {
        gateways.set(gatewayOf(file.name), 'text' in file ? parseRoutes(file.text) : file)
      }
      return gateways
    },
    close: () => thread.close(),
  }
}

/** Other names do not belong to gateways, such as an editor's copy. */
function isRoutes(name: string): boolean {
  return name.endsWith('.json')
}

function gatewayOf(name: string): string {
  return name.slice(0, -'.json'.length)
}
