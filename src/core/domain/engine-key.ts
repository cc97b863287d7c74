import { createHash } from 'node:crypto'

/** Keys that engines require, by their fingerprints. */
export type EngineKeys = Readonly<Record<string, string>>

/** The name of a key in places that must not contain the key: endpoint files, models of the gateway and file names. */
export const FINGERPRINT = /^[0-9a-f]{16}$/

/** Hard to guess although others may read the fingerprint, and without special characters for headers, YAML and nginx's files. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9_-]{31,127}$/

/** The first 64 bits of its SHA-256. */
export function fingerprintOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** The key in the text of a key file, which is one line; undefined when an engine could not use it. */
export function parseKey(text: string): string | undefined {
  const key = text.replace(/\r?\n$/, '')
  return KEY.test(key) ? key : undefined
}

/**
 * The keys, each under its own fingerprint.
 *
 * @throws when a fingerprint is wrong, without the key in the message.
 */
export function checkKeys(value: unknown): EngineKeys {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  for (const [fingerprint, key] of entries) {
    if (typeof key === 'string' && parseKey(key) === key && fingerprintOf(key) === fingerprint) continue
    throw new Error(`Cannot use the key ${JSON.stringify(fingerprint)}: that is not its fingerprint`)
  }
  return Object.fromEntries(entries)
}

/** The text without these keys, and without the end of a key that llama.cpp prints after four asterisks. */
export function redact(text: string, keys: readonly string[]): string {
  return keys.reduce(
    (redacted, key) => redacted.replaceAll(key, REDACTED).replaceAll(`****${key.slice(-4)}`, REDACTED),
    text,
  )
}

const REDACTED = '<site.key>'
