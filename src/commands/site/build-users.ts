import type { Clock } from '../../adapters/system/clock.ts'
import type { BuildUser } from '../../core/domain/build.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import { isUnderstood } from '../../core/domain/routes-file.ts'
import type { Site } from './open-site.ts'
import { stillUpdaters } from './updater-pulse.ts'

/**
 * The updaters with a beat, by gateway, with their builds; undefined for one whose file cannot be understood.
 *
 * @throws when the routes cannot be read
 */
export async function updaterBuilds(
  site: Pick<Site, 'config' | 'registry' | 'serialQueue'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly BuildUser[]> {
  const still = await stillUpdaters(site, clock, signal)
  return [...(await site.registry.routes())].flatMap(([who, file]) =>
    still.has(who) ? [] : [{ who, build: isUnderstood(file) ? file.build : undefined }],
  )
}

export function endpointBuilds(endpoints: readonly Endpoint[]): readonly BuildUser[] {
  return endpoints.map(({ id, build }) => ({ who: id, build }))
}
