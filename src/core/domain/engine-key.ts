import { createHash } from 'node:crypto'

/** Keys that engines ask for, by their fingerprints. */
export type EngineKeys = Readonly<Record<string, string>>

/** How a key is named where it must not stand itself: in endpoint files, models of the gateway and names of files. */
export const FINGERPRINT = /^[0-9a-f]{16}$/

/** As hard to guess as a key has to be whose fingerprint others may read, and plain in headers, YAML and nginx's files. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9_-]{31,127}$/

/** The first 64 bits of its SHA-256. */
export function fingerprintOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** The key in the text of a key file, which is one line; undefined when there is none that an engine could be given. */
export function parseKey(text: string): string | undefined {
  const key = text.replace(/\r?\n$/, '')
  return KEY.test(key) ? key : undefined
}

/**
 * The keys, each under its own fingerprint.
 *
 * @throws when one is not, without naming it.
 */
export function checkKeys(value: unknown): EngineKeys {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  for (const [fingerprint, key] of entries) {
    if (typeof key === 'string' && parseKey(key) === key && fingerprintOf(key) === fingerprint) continue
    throw new Error(`Cannot use the key ${JSON.stringify(fingerprint)}: that is not its fingerprint`)
  }
  return Object.fromEntries(entries)
}

/** The text without these keys, and without the end of one, which llama.cpp prints behind four asterisks. */
export function redact(text: string, keys: readonly string[]): string {
  return keys.reduce(
    (redacted, key) => redacted.replaceAll(key, REDACTED).replaceAll(`****${key.slice(-4)}`, REDACTED),
    text,
  )
}

const REDACTED = '<site.key>'
