import { messageOf } from '../../core/domain/caught.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'

/** The keys of engines that are or were in the registry. A fingerprint never changes its key, so each is read once. */
export interface EngineKeyCache {
  remember(keys: EngineKeys): void
  knows(fingerprint: string): boolean
  /** Reads the unknown keys, also after a bad file; returns the first problem in words. */
  learn(endpoints: readonly Endpoint[]): Promise<string | undefined>
  /** The known keys that the servers of a model require. */
  neededBy(model: GatewayModel): EngineKeys
}

/** `read`: undefined when there is no file of that key; rejects when it cannot be read. */
export function createEngineKeyCache(read: (fingerprint: string) => Promise<string | undefined>): EngineKeyCache {
  const known = new Map<string, string>()
  return {
    remember(keys) {
      for (const [fingerprint, key] of Object.entries(keys)) known.set(fingerprint, key)
    },
    knows: fingerprint => known.has(fingerprint),
    async learn(endpoints) {
      let trouble: string | undefined
      const unknown = new Set(endpoints.flatMap(({ key }) => (key === undefined || known.has(key) ? [] : [key])))
      for (const fingerprint of unknown) {
        try {
          const key = await read(fingerprint)
          if (key !== undefined) known.set(fingerprint, key)
        } catch (error) {
          trouble ??= messageOf(error)
        }
      }
      return trouble
    },
    neededBy(model) {
      const servers = model.tiers.flatMap(tier => tier.servers)
      return Object.fromEntries(
        servers.flatMap(({ key: fingerprint = '' }) => {
          const key = known.get(fingerprint)
          return key === undefined ? [] : [[fingerprint, key]]
        }),
      )
    },
  }
}
