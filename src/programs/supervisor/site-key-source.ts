import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'

/** An unreadable key is asked for again after this. */
const AGAIN_MS = 1_000

/**
 * The newest engine key, from site.key, as the engines of one replica get it. What cannot be read leaves the last one
 * in use ("unknown is not none", docs/design/rules.md).
 */
export interface SiteKeySource {
  /**
   * Waits until there is a key: an engine that starts without would be open to everybody. Nothing is served meanwhile, so
   * nobody is kept waiting but the replica itself. Returns without one when the signal aborts.
   */
  first(clock: Clock, signal: AbortSignal): Promise<void>
  /** @throws when there never was one. */
  take(): Promise<string>
  /** All that were given out: logs are to be kept without them. */
  taken(): readonly string[]
}

/** `trouble` hears once of each reason why the key cannot be read. */
export function createSiteKeySource(read: () => Promise<string>, trouble: (message: string) => void): SiteKeySource {
  const taken = new Set<string>()
  let last: string | undefined
  let reported: string | undefined

  const source: SiteKeySource = {
    async first(clock, signal) {
      while (!signal.aborted) {
        const isThere = await source.take().then(
          () => true,
          () => false, // `trouble` has heard why
        )
        if (isThere) return
        await clock.sleep(AGAIN_MS, signal)
      }
    },
    async take() {
      try {
        last = await read()
        reported = undefined
        taken.add(last)
      } catch (error) {
        const message = messageOf(error)
        if (message !== reported)
          trouble(last === undefined ? `${message}; no engine starts without it` : `${message}; the last key stays`)
        reported = message
        if (last === undefined) throw error
      }
      return last
    },
    taken: () => [...taken],
  }
  return source
}
