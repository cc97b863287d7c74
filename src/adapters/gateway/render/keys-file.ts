import { join } from 'node:path'
import { type EngineKeys, fingerprintOf } from '../../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import { readGeneration } from '../generation-files.ts'
import { KEYS_FILE, type StateDirectory } from '../state-directory.ts'
import { nginxString } from './nginx-string.ts'

export function keysFilePath(directory: StateDirectory, generation: number): string {
  return join(directory.generations, String(generation), KEYS_FILE)
}

/** The fingerprints that a model needs, sorted. A variable's name has the index in this list. */
export function keysOf(model: GatewayModel): readonly string[] {
  return [...new Set(model.tiers.flatMap(tier => tier.servers.flatMap(server => server.key ?? [])))].sort()
}

/** The variable with the value of `Authorization` for this key. */
export function keyVariable(names: string, keys: readonly string[], key: string): string {
  return `$${names}_k${keys.indexOf(key)}`
}

/**
 * Gives each variable its value.
 *
 * @throws when a key is missing.
 */
export function renderKeys(names: string, model: GatewayModel, keys: EngineKeys): string {
  const needed = keysOf(model)
  return needed
    .map(fingerprint => {
      const key = keys[fingerprint]
      if (key === undefined) throw new Error(`Cannot render the gateway: the key ${fingerprint} is not known`)
      return `map "" ${keyVariable(names, needed, fingerprint)} {\n    default ${nginxString(BEARER + key)};\n}\n`
    })
    .join('')
}

/** The keys of a generation on disk. */
export async function readKeys(directory: StateDirectory, generation: number): Promise<EngineKeys> {
  const text = (await readGeneration(directory, generation, KEYS_FILE)) ?? ''
  const keys = [...text.matchAll(/'Bearer ([^']+)'/g)].map(([, key = '']) => key)
  return Object.fromEntries(keys.map(key => [fingerprintOf(key), key]))
}

const BEARER = 'Bearer '
