import { join } from 'node:path'
import { registryDirectories } from '../../adapters/registry/directories.ts'
import { followFile } from '../../adapters/system/file-follower.ts'
import { listNames } from './kept-files.ts'
import type { Site } from './open-site.ts'

/** Each updater's last report about each endpoint, in its words: by gateway, then by endpoint. */
export async function lastRoutabilities(site: Site): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { events } = registryDirectories(site.config.shared)
  const found = new Map<string, ReadonlyMap<string, string>>()
  for (const name of await listNames(site, events)) {
    const gateway = /^updater-(.+)\.jsonl$/.exec(name)?.[1]
    if (gateway === undefined) continue
    const path = join(events, name)
    const wants = (line: string) => line.includes('"event":"standing"')
    const lines = await site.serialQueue.run(`read "${path}"`, () =>
      followFile(path, Number.POSITIVE_INFINITY, wants).read(),
    )
    found.set(gateway, new Map(lines.flatMap(readRoutability)))
  }
  return found
}

function readRoutability(line: string): readonly (readonly [string, string])[] {
  try {
    const { id, standing } = JSON.parse(line)
    return typeof id === 'string' && typeof standing === 'string' ? [[id, standing]] : []
  } catch {
    return [] // torn at the beginning of what was read, or being written
  }
}
