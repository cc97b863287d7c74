import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { registryDirectories } from '../../adapters/registry/directories.ts'
import type { Clock } from '../../adapters/system/clock.ts'
import { isUnderstood } from '../../core/domain/routes-file.ts'
import type { Site } from './open-site.ts'

/** An updater with a beat that stands still. */
export interface StillUpdater {
  /** The last beat. */
  readonly beat: number
  /** By the time of its file, possibly from another machine's clock; for people only. */
  readonly forMs: number
}

const LOOK_MS = 500

/**
 * The updaters without a beat, by gateway. A file that was written within the lease needs no second look. The time of an older one
 * is not certain ("no foreign clocks", docs/design/rules.md), so its beat is read again for two beats. Waits only if an updater
 * looks dead.
 *
 * @throws when the routes cannot be read
 */
export async function stillUpdaters(
  { config, registry, serialQueue }: Pick<Site, 'config' | 'registry' | 'serialQueue'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StillUpdater>> {
  const { beatSeconds, leaseSeconds } = config.timing
  const { routes } = registryDirectories(config.shared)
  const beats = () => beatsOf(registry)
  const still = new Map<string, StillUpdater>()
  for (const [gateway, beat] of await beats()) {
    const file = join(routes, `${gateway}.json`)
    const written = await serialQueue.run(`look at "${file}"`, () => stat(file)).catch(() => undefined) // its reader reports that
    const forMs = written === undefined ? 0 : Math.abs(clock.date().getTime() - written.mtimeMs)
    if (forMs >= leaseSeconds * 1_000) still.set(gateway, { beat, forMs })
  }
  const until = clock.now() + 2_000 * beatSeconds
  while (still.size > 0 && clock.now() < until && !signal.aborted) {
    await clock.sleep(LOOK_MS, signal)
    const now = await beats()
    for (const [gateway, { beat }] of still) if (now.get(gateway) !== beat) still.delete(gateway)
  }
  return still
}

/**
 * Whether an updater of this gateway runs, which may hold the lock of another directory or machine. Waits for two beats where
 * there is a routes file, because that of an updater that has ended stays.
 *
 * @throws when the routes cannot be read
 */
export async function hasBeat(
  { config, registry }: Pick<Site, 'config' | 'registry'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const { name } = config.gateway
  const before = (await beatsOf(registry)).get(name)
  const until = clock.now() + 2_000 * config.timing.beatSeconds
  while (before !== undefined && clock.now() < until && !signal.aborted) {
    await clock.sleep(LOOK_MS, signal)
    if ((await beatsOf(registry)).get(name) !== before) return true
  }
  return false
}

async function beatsOf({ routes }: Pick<Site['registry'], 'routes'>): Promise<ReadonlyMap<string, number>> {
  return new Map(
    [...(await routes())].flatMap(([gateway, file]) => (isUnderstood(file) ? [[gateway, file.beat] as const] : [])),
  )
}
