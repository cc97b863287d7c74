import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'

/** The interval of new attempts to read an unreadable key. */
const AGAIN_MS = 1_000

/**
 * The newest engine key, from site.key, for the engines of one replica. While it cannot be read, the last one stays in use
 * ("unknown is not none", docs/design/rules.md).
 */
export interface SiteKeySource {
  /**
   * Waits until there is a key, because an engine without one would be open to every account. The replica does not serve meanwhile.
   * Returns without a key when the signal aborts.
   */
  first(clock: Clock, signal: AbortSignal): Promise<void>
  /** @throws when there has never been a key. */
  take(): Promise<string>
  /** All keys that were given to engines: they are redacted in logs. */
  taken(): readonly string[]
}

/** `trouble` is called once for each reason why the key cannot be read. */
export function createSiteKeySource(read: () => Promise<string>, trouble: (message: string) => void): SiteKeySource {
  const taken = new Set<string>()
  let last: string | undefined
  let reported: string | undefined

  const source: SiteKeySource = {
    async first(clock, signal) {
      while (!signal.aborted) {
        const isThere = await source.take().then(
          () => true,
          () => false, // `trouble` has the reason
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
